"""What a mirror makes of prepared windows."""

from torch import Tensor

from train.skeletons.joints import MIRROR


def mirror_windows(x: Tensor) -> Tensor:
    """Exchange left and right: the joints change names and x its sign.

    In the prepared frame the right shoulder lies on the +x side. The mirror image of the left
    shoulder, which is the new right one, lies there too, so the result is prepared as well.

    Args:
        x: (..., 3, T, 25, M) prepared windows.

    Returns:
        The same shape; mirroring twice gives ``x``, bit for bit but for the sign of zeros.
    """
    other = x[..., list(MIRROR), :]
    other.select(-4, 0).neg_()
    return other
