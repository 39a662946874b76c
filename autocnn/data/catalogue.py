"""What is known about each data set: its files, where they are published, its classes, its statistics."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from autocnn.data.download import Resource
from autocnn.errors import UsageError

_DIGITS = tuple("0123456789")
_MNIST_HOSTS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_FASHION_HOSTS = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
_TORONTO = "https://www.cs.toronto.edu/~kriz/"
_TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
_TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def _packed_idx(hosts: tuple[str, ...], *md5s: str) -> tuple[Resource, ...]:
    names = [f"{name}.gz" for name in (*_TRAIN, *_TEST)]
    return tuple(
        Resource(name, tuple(host + name for host in hosts), f"md5:{md5}")
        for name, md5 in zip(names, md5s, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Source:
    """One data set of the catalogue.

    `kind` says how it is read; `folders` are the names its folder goes by; `train` and `test` are file names
    without their packing, where an entry ``"a|b"`` means a, or else b; `resources` can be downloaded.
    """

    name: str
    kind: str
    classes: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    scale: float = 255.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    folders: tuple[str, ...] = ()
    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    splits: tuple[str, ...] = ("train", "test")


_CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR100_CLASSES = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
    "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
    "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup",
    "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house",
    "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man",
    "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid",
    "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine",
    "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew",
    "skunk", "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower",
    "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor", "train", "trout",
    "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
)  # fmt: skip
_FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_WITH_VALIDATION = ("train", "val", "train+val", "test")

SOURCES = (
    Source(
        "digits", "scikit-learn", _DIGITS, (1, 8, 8), 16.0, (0.3052,), (0.3761,)
    ),
    Source(
        "optdigits", "idx", _DIGITS, (1, 8, 8), 16.0, (0.3077,), (0.3773,),
        ("optdigits",), _TRAIN, _TEST,
    ),
    Source(
        "mnist", "idx", _DIGITS, (1, 28, 28), 255.0, (0.1307,), (0.3081,),
        ("mnist", "MNIST", "MNIST/raw"), _TRAIN, _TEST,
        _packed_idx(
            _MNIST_HOSTS,
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ),
    Source(
        "fashion-mnist", "idx",
        _FASHION_CLASSES, (1, 28, 28), 255.0, (0.2860,), (0.3530,),
        ("fashion-mnist", "fashion_mnist", "FashionMNIST", "FashionMNIST/raw"), _TRAIN, _TEST,
        _packed_idx(
            _FASHION_HOSTS,
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
    Source(
        "cifar10", "cifar10", _CIFAR10_CLASSES, (3, 32, 32), 255.0,
        (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616),
        ("cifar-10", "cifar10", "cifar-10-batches-bin"),
        tuple(f"data_batch_{i}.bin" for i in range(1, 6)), ("test_batch.bin|test_batch_first1017.bin",),
        (
            Resource(
                "cifar-10-binary.tar.gz",
                (_TORONTO + "cifar-10-binary.tar.gz",),
                "md5:c32a1d4ab5d03f1284b67883e8d87530",
            ),
        ),
        _WITH_VALIDATION,
    ),
    Source(
        "cifar100", "cifar100", _CIFAR100_CLASSES, (3, 32, 32), 255.0,
        (0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762),
        ("cifar-100", "cifar100", "cifar-100-binary"), ("train.bin",), ("test.bin",),
        (
            Resource(
                "cifar-100-binary.tar.gz",
                (_TORONTO + "cifar-100-binary.tar.gz",),
                "md5:03b5dce01913d631647c71ecec9e9cb8",
            ),
        ),
        _WITH_VALIDATION,
    ),
    Source("folder", "folder", splits=("train", "val", "test")),
)  # fmt: skip
NAMES = tuple(source.name for source in SOURCES)


def source(name: str) -> Source:
    """The entry of a data set; case, dashes and underscores in the name do not matter.

    Raises UsageError if there is none, with the nearest name.

    >>> source("Fashion_MNIST").name
    'fashion-mnist'
    """
    found = {_plain(entry.name): entry for entry in SOURCES}.get(_plain(str(name)))
    if found is None:
        near = difflib.get_close_matches(str(name).lower(), NAMES, 1)
        hint = f"Did you mean {near[0]!r}?" if near else "Choose one of them"
        raise UsageError(f"load: name is {name!r}; the data sets are {', '.join(NAMES)}. {hint}")
    return found


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
