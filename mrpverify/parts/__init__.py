"""The parts that a regime is put together from, each a small frozen dataclass (standard library).

A run's address hashes exactly the parts that its objective names (`parameters.parts_of`).
"""

from .distillation import Distillation as Distillation
from .downstream import Downstream as Downstream
from .field import parameter as parameter
from .labelled import FineTuning as FineTuning
from .labelled import Labels as Labels
from .law import Law as Law
from .masked_labels import MaskedLabels as MaskedLabels
from .masks import Masks as Masks
from .network import InitialKernels as InitialKernels
from .network import Network as Network
from .pretraining import Clustering as Clustering
from .pretraining import MaskedAutoencoder as MaskedAutoencoder
from .pretraining import Similarity as Similarity
from .pretraining import TeacherStudent as TeacherStudent
from .training import Flow as Flow
from .training import Training as Training

OF_KERNELS = (Law, Network, InitialKernels, Training)
"""What every objective reads that draws its kernels."""
OF_LABELS = (*OF_KERNELS, Labels)
"""What such an objective reads if it learns from labels."""
