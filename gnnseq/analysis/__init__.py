"""What a model can see, what it does see, and whether gradients survive the way back."""

from gnnseq.analysis.causality import Causality, causality
from gnnseq.analysis.explain import Explanation, explain, explain_task
from gnnseq.analysis.flow import GradientFlow, LayerFlow, gradient_flow
from gnnseq.analysis.gradients import (
    LSTMGradients,
    RNNGradients,
    RNNWeights,
    lstm_gradients,
    lstm_parameters,
    rnn_gradients,
    rnn_jacobian,
    rnn_states,
)
from gnnseq.analysis.influence import (
    dependencies,
    frobenius,
    influence,
    influence_blocks,
    l1,
    model_reach,
    spectral,
    time_influence,
)
from gnnseq.analysis.profile import Interval, by_distance, effective_field, influence_range, mean_interval
from gnnseq.analysis.reach import chebyshev_hops, hop_distance, hops_needed, layers_needed, reach
from gnnseq.analysis.theory import (
    Vanishing,
    end_to_end,
    jacobian_spectrum,
    mean_operator,
    random_walk,
    sensitivity_bound,
    vanishing,
)

__all__ = [
    "Causality",
    "Explanation",
    "GradientFlow",
    "Interval",
    "LSTMGradients",
    "LayerFlow",
    "RNNGradients",
    "RNNWeights",
    "Vanishing",
    "by_distance",
    "causality",
    "chebyshev_hops",
    "dependencies",
    "effective_field",
    "end_to_end",
    "explain",
    "explain_task",
    "frobenius",
    "gradient_flow",
    "hop_distance",
    "hops_needed",
    "influence",
    "influence_blocks",
    "influence_range",
    "jacobian_spectrum",
    "l1",
    "layers_needed",
    "lstm_gradients",
    "lstm_parameters",
    "mean_interval",
    "mean_operator",
    "model_reach",
    "random_walk",
    "reach",
    "rnn_gradients",
    "rnn_jacobian",
    "rnn_states",
    "sensitivity_bound",
    "spectral",
    "time_influence",
    "vanishing",
]
