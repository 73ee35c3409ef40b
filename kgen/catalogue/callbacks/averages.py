"""The callback that validates with averaged weights: SwapEMAWeights."""

from __future__ import annotations

from dataclasses import replace

from kgen.catalogue.base import arg
from kgen.catalogue.callbacks.base import Callback, CallbackCode, Epochs
from kgen.catalogue.kinds import Bool
from kgen.diagnostics import Fault
from kgen.torch_ir import Line


class SwapEMAWeights(Callback):
    """Validate with the moving average of the weights; the optimizer has `use_ema=True`."""

    swap_on_epoch: bool = arg(
        Bool(), "Whether the callbacks after it see the averages, too, as ModelCheckpoint.", False
    )

    def lower(self, epochs: Epochs) -> CallbackCode:
        if not epochs.averages:
            raise Fault(
                "K433",
                f"`{self.called_as}` needs an optimizer that averages the weights",
                label="there are no averages",
                helps=("give the optimizer `use_ema=True`",),
            )
        if not self.swap_on_epoch and not epochs.validates:
            return CallbackCode()  # nothing is evaluated with the averages
        variable = epochs.variable(self)
        swap = Line(f"{variable}.swap()")
        parts = epochs.several or epochs.parted
        averaged = "optimizer.averaged()" if parts else "[optimizer]"
        setup = Line(f"{variable} = SwapEMAWeights({averaged})")
        if not self.swap_on_epoch:
            return CallbackCode(
                setup=(setup,), test_begin=(swap,), test_end=(swap,), asks=("averaged",)
            )
        return CallbackCode(
            setup=(setup,),
            begin=(Line(f"if {variable}.swapped:"), replace(swap, depth=1)),
            test_begin=(swap,),
            test_end=(swap,),
            end=(swap,),
            complete=(Line(f"{variable}.keep()"),),
            state=(variable,),
            asks=("averaged",),
        )
