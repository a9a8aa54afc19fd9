"""Several processes that train as one: on the same global batch, the same loss and gradients."""

from typing import Any

import torch
import torch.distributed as dist
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bank.errors import InputError
from train.training.objective import precise

_PRECISIONS = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


def make_accelerator(device: str, precision: str = "fp32") -> Accelerator:
    """What places network and data, alone or as one of the processes that a launcher started.

    Args:
        device: ``cpu``, or ``cuda`` or ``mps`` where there is one.
        precision: ``fp32``, ``bf16`` or ``fp16``.

    Raises:
        InputError: the device cannot compute in this precision.
    """
    if precision == "fp16" and device == "cpu":
        raise InputError("fp16 needs a GPU; use --precision bf16 or fp32 on the CPU")
    # accelerate keeps the first settings of a process for good; every run here has its own.
    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        return Accelerator(
            cpu=device == "cpu",
            mixed_precision=_PRECISIONS[precision],
            # Statistics are the same in all processes already, see share_batch_norm.
            kwargs_handlers=[DistributedDataParallelKwargs(broadcast_buffers=False)],
        )
    except (ValueError, ImportError, RuntimeError) as error:
        AcceleratorState._reset_state(reset_partial_state=True)
        raise InputError(
            f"cannot train on {device} in {precision} ({' '.join(str(error).split())[:120]}); "
            "use --precision fp32"
        ) from None


class _SumOfAll(torch.autograd.Function):
    """Sum over processes. Every process's result depends on every input, so gradients sum too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.detach().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total


def _alone() -> bool:
    return not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1)


def sum_of_all(x: Tensor) -> Tensor:
    """The sum of a tensor over all processes, through which gradients flow back to each."""
    if _alone():
        return x
    total: Tensor = _SumOfAll.apply(x)  # type: ignore[no-untyped-call]
    return total


def gather(rows: Tensor) -> Tensor:
    """The rows of all processes, in their order: (B, ...) each to (P B, ...).

    Gradients flow back to every process from the losses of all. As each computes the same loss
    of the whole batch, a process receives P times its share, and the mean that
    DistributedDataParallel takes over processes is the gradient that one process would have had.
    """
    if _alone():
        return rows
    places = rows.new_zeros(dist.get_world_size(), *rows.shape)
    mine = torch.zeros(len(places), dtype=torch.bool, device=rows.device)
    mine[dist.get_rank()] = True
    mine = mine.view(-1, *[1] * rows.dim())
    return sum_of_all(torch.where(mine, rows[None], places)).flatten(0, 1)


def share_batch_norm(module: nn.Module, device: torch.device) -> nn.Module:
    """Make all batch norms take their statistics over the whole global batch."""
    if _alone():
        return module
    if device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(  # type: ignore[no-untyped-call]
            module
        )
        return converted
    for name, child in module.named_children():
        if isinstance(child, _BatchNorm):
            setattr(module, name, SharedBatchNorm.of(child))
        else:
            share_batch_norm(child, device)
    return module


class SharedBatchNorm(_BatchNorm):
    """Batch norm over the bodies of all processes, where PyTorch's own needs CUDA.

    Processes may hold different numbers of bodies.
    """

    @classmethod
    def of(cls, norm: _BatchNorm) -> "SharedBatchNorm":
        """One with the parameters and statistics of ``norm``."""
        shared = cls(norm.num_features, norm.eps, norm.momentum)
        for name, parameter in norm.named_parameters(recurse=False):
            setattr(shared, name, parameter)
        for name, buffer in norm.named_buffers(recurse=False):
            setattr(shared, name, buffer)
        return shared.train(norm.training)

    def _check_input_dim(self, input: Tensor) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (N, C, ...) per channel."""
        if not self.training:
            return super().forward(input)
        axes = [0, *range(2, input.dim())]
        shape = [1, -1, *[1] * (input.dim() - 2)]
        x = precise(input)
        count = x.new_full((1,), x.numel() / x.shape[1])
        sums = sum_of_all(torch.cat([x.sum(axes), count]))
        total, mean = float(sums[-1].detach()), sums[:-1] / sums[-1].detach()
        centred = x - mean.view(shape)
        variance = sum_of_all(centred.square().sum(axes)) / total
        if self.running_mean is not None and self.running_var is not None:
            pace = self.momentum or 0.1
            with torch.no_grad():
                if self.num_batches_tracked is not None:
                    self.num_batches_tracked.add_(1)
                self.running_mean.lerp_(mean.detach(), pace)
                self.running_var.lerp_(variance.detach() * total / max(total - 1, 1), pace)
        out = centred * (variance + self.eps).rsqrt().view(shape)
        out = out * self.weight.view(shape) + self.bias.view(shape)
        return out.to(input.dtype)
