"""TensorFlow: its own layers' functions inside tf.function; channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cases import MOMENTUM, RATE, Case
from ..nets import network
from ..nets.formula import Conv, Formula, joined
from ..weights import Numbers, cotangent, images, labels, matrices, normal, state
from .layouts import from_rows, kernel_from_rows, kernel_to_rows, to_rows
from .peer import Peer, Ready
from .words import EPSILON, trained


class TensorFlowWords(Formula):
    """Kernels are (kh, kw, in, out)."""

    def __init__(self, tf: Any, p: dict[str, Any], training: bool) -> None:
        self.tf, self.p, self.training = tf, p, training

    def relu(self, x: Any) -> Any:
        return self.tf.nn.relu(x)

    def tanh(self, x: Any) -> Any:
        return self.tf.tanh(x)

    def conv(self, name: str, x: Any, conv: Conv) -> Any:
        weight = self.p[joined(name, "weight")]
        p = conv.padding
        if conv.groups > 1:  # one kernel for each channel, (kh, kw, in, 1) to TensorFlow
            z = self.tf.nn.depthwise_conv2d(x, self.tf.transpose(weight, (0, 1, 3, 2)), (1, 1, 1, 1), "SAME")
        else:
            around = ((0, 0), (p, p), (p, p), (0, 0))
            z = self.tf.nn.conv2d(x, weight, conv.stride, around if p else "VALID")
        return self.tf.nn.bias_add(z, self.p[joined(name, "bias")]) if conv.bias else z

    def linear(self, name: str, x: Any, out: int) -> Any:
        z = self.tf.matmul(x, self.p[joined(name, "weight")], transpose_b=True)
        return self.tf.nn.bias_add(z, self.p[joined(name, "bias")])

    def batch_norm(self, name: str, x: Any) -> Any:
        leaves = ["weight", "bias", *([] if self.training else ["running_mean", "running_var"])]
        each = [self.p[joined(name, leaf)] for leaf in leaves]
        normal: Any = self.tf.compat.v1.nn.fused_batch_norm(x, *each, epsilon=EPSILON, is_training=self.training)
        return normal[0]

    def avg_pool(self, x: Any, size: int) -> Any:
        return self.tf.nn.avg_pool2d(x, size, size, "VALID")

    def max_pool(self, x: Any, size: int) -> Any:
        return self.tf.nn.max_pool2d(x, size, size, "VALID")

    def global_pool(self, x: Any) -> Any:
        return self.tf.reduce_mean(x, (1, 2))

    def flatten(self, x: Any) -> Any:
        return self.tf.reshape(x, (x.shape[0], -1))

    def thin(self, x: Any, channels: int) -> Any:
        missing = (channels - x.shape[3]) // 2
        return self.tf.pad(x[:, ::2, ::2, :], ((0, 0), (0, 0), (0, 0), (missing, missing)))


class TensorFlow(Peer):
    """Everything is compiled into a graph but the chain, which is what one op costs by itself."""

    imports = "import tensorflow"

    def __init__(self, tf: Any) -> None:
        self.tf = tf

    def array(self, numbers: Numbers) -> Any:
        """Images in the order of NHWC."""
        return self.tf.constant(to_rows(numbers))

    def network(self, case: Case, training: bool = True) -> tuple[Callable[[Any], Any], dict[str, Any]]:
        """A function of images, and the parameters by their names."""
        file = network(case.network)
        p = {name: self.tf.Variable(kernel_to_rows(v)) for name, v in state(case).items()}
        words = TensorFlowWords(self.tf, p, training)
        return lambda x: file.formula(words, x, *case.arguments), {n: p[n] for n in p if trained(n)}

    def cross_entropy(self, z: Any, y: Any) -> Any:
        """The mean over the images."""
        return self.tf.reduce_mean(self.tf.nn.sparse_softmax_cross_entropy_with_logits(y, z))

    def train(self, case: Case) -> Ready:
        net, p = self.network(case)
        return self.descent(lambda x, y: self.cross_entropy(net(x), y), p, case)

    def penalty(self, case: Case) -> Ready:
        net, p = self.network(case)

        def total(x: Any, y: Any) -> Any:
            with self.tf.GradientTape() as tape:
                tape.watch(x)
                loss = self.cross_entropy(net(x), y)
            slope = tape.gradient(loss, x)
            return loss + len(x) * self.tf.reduce_sum(slope * slope)

        return self.descent(total, p, case)

    def descent(self, loss: Callable[..., Any], p: dict[str, Any], case: Case) -> Ready:
        """Steps of SGD, in the graph with the update."""
        x, y, parameters = self.array(images(case)), self.tf.constant(labels(case)), list(p.values())
        velocities = [self.tf.Variable(self.tf.zeros_like(parameter)) for parameter in parameters]

        @self.tf.function  # type: ignore[untyped-decorator]
        def update(x: Any, y: Any) -> Any:
            with self.tf.GradientTape() as tape:
                value = loss(x, y)
            for parameter, velocity, g in zip(
                parameters, velocities, tape.gradient(value, parameters), strict=True
            ):
                parameter.assign_sub(RATE * velocity.assign(MOMENTUM * velocity + g))
            return value

        return Ready(lambda: update(x, y).numpy(), lambda value: [value])

    def infer(self, case: Case) -> Ready:
        net, _ = self.network(case, training=False)
        x, forward = self.array(images(case)), self.tf.function(net)
        return Ready(lambda: forward(x).numpy(), lambda z: [z])

    def layer(self, case: Case) -> Ready:
        net, p = self.network(case)
        x, g, parameters = self.array(images(case)), self.array(cotangent(case)), list(p.values())

        @self.tf.function  # type: ignore[untyped-decorator]
        def both(x: Any, g: Any) -> Any:
            with self.tf.GradientTape() as tape:
                tape.watch(x)
                z = net(x)
            return z, *tape.gradient(z, [x, *parameters], output_gradients=g)

        def read(result: Any) -> list[Numbers]:
            z, gx, *gp = result
            return [from_rows(z), from_rows(gx), *map(kernel_from_rows, gp)]

        return Ready(lambda: both(x, g), read)

    def chain(self, case: Case) -> Ready:
        x, term = self.tf.constant(normal("start", (1,))), self.tf.constant(normal("term", (1,)))
        factor = self.tf.constant(1 + normal("factor", (1,)) / case.shape[0])

        def step() -> Any:
            with self.tf.GradientTape() as tape:
                tape.watch(x)
                z = x
                for _ in range(case.shape[0] // 2):
                    z = z * factor
                    z = z + term
            return z.numpy(), tape.gradient(z, x).numpy()

        return Ready(step, list)

    def product(self, case: Case) -> Ready:
        a, b = map(self.tf.constant, matrices(case))
        return Ready(lambda: self.tf.matmul(a, b).numpy(), lambda c: [c])


def open_peer(name: str, threads: int) -> TensorFlow:
    """As many threads as are said, in an op and between ops."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    return TensorFlow(tf)
