"""Random changes of prepared windows that leave the action what it is."""

from train.training.augment.augmentation import NAMED, Augmentation, Augmented

__all__ = ["NAMED", "Augmentation", "Augmented"]
