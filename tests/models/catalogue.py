"""What each network of the catalogue holds and does: counts from papers, from published files, and by hand."""

from __future__ import annotations

from typing import Any, NamedTuple

from autocnn import models, nn

CIFAR = (20, 32, 44, 56, 110)


class Counts(NamedTuple):
    """Of a network as it is made by default, and of one image of the size that it was made for, in eval mode."""

    parameters: int
    multiply_adds: int


FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"{kind}{depth} {shortcut}": (f"{kind}{depth}", {"shortcut": shortcut})
        for kind in ("resnet", "preresnet")
        for shortcut in "BC"
        for depth in CIFAR
    },
    **{f"resnet{depth} v1": (f"resnet{depth}", {"v1": True}) for depth in (50, 101, 152)},
    "googlenet aux": ("googlenet", {"aux_logits": True}),
    "googlenet original": ("googlenet", {"original": True}),
    "googlenet original aux": ("googlenet", {"original": True, "aux_logits": True}),
}
"""Networks that are options of a name."""

COUNTS = {
    "lenet5": Counts(61_706, 416_520),
    "lenet1998": Counts(60_000, 325_680),
    "alexnet": Counts(61_100_840, 714_188_480),
    "alexnet2012": Counts(60_965_224, 724_406_816),
    "nin": Counts(966_986, 222_486_528),
    "vgg11": Counts(132_863_336, 7_609_090_048),
    "vgg13": Counts(133_047_848, 11_308_466_176),
    "vgg16": Counts(138_357_544, 15_470_264_320),
    "vgg19": Counts(143_667_240, 19_632_062_464),
    "vgg11_bn": Counts(132_868_840, 7_609_090_048),
    "vgg13_bn": Counts(133_053_736, 11_308_466_176),
    "vgg16_bn": Counts(138_365_992, 15_470_264_320),
    "vgg19_bn": Counts(143_678_248, 19_632_062_464),
    "googlenet": Counts(6_624_904, 1_498_376_192),
    "googlenet aux": Counts(13_004_888, 1_498_376_192),
    "googlenet original": Counts(6_998_552, 1_582_671_872),
    "googlenet original aux": Counts(13_378_280, 1_582_671_872),
    "resnet18": Counts(11_689_512, 1_814_073_344),
    "resnet34": Counts(21_797_672, 3_663_761_408),
    "resnet50": Counts(25_557_032, 4_089_184_256),
    "resnet101": Counts(44_549_160, 7_801_405_440),
    "resnet152": Counts(60_192_808, 11_513_626_624),
    "resnet50 v1": Counts(25_557_032, 3_857_973_248),
    "resnet101 v1": Counts(44_549_160, 7_570_194_432),
    "resnet152 v1": Counts(60_192_808, 11_282_415_616),
    "wide_resnet50_2": Counts(68_883_240, 11_398_021_120),
    "wide_resnet101_2": Counts(126_886_696, 22_753_050_624),
    "plain18": Counts(11_515_688, 1_794_805_760),
    "plain34": Counts(21_623_848, 3_644_493_824),
    "resnet20": Counts(269_722, 40_551_040),
    "resnet32": Counts(464_154, 68_862_592),
    "resnet44": Counts(658_586, 97_174_144),
    "resnet56": Counts(853_018, 125_485_696),
    "resnet110": Counts(1_727_962, 252_887_680),
    "resnet20 B": Counts(272_474, 40_813_184),
    "resnet32 B": Counts(466_906, 69_124_736),
    "resnet44 B": Counts(661_338, 97_436_288),
    "resnet56 B": Counts(855_770, 125_747_840),
    "resnet110 B": Counts(1_730_714, 253_149_824),
    "resnet20 C": Counts(283_962, 42_648_192),
    "resnet32 C": Counts(489_594, 72_532_608),
    "resnet44 C": Counts(695_226, 102_417_024),
    "resnet56 C": Counts(900_858, 132_301_440),
    "resnet110 C": Counts(1_826_202, 266_781_312),
    "plain20": Counts(269_722, 40_551_040),
    "plain32": Counts(464_154, 68_862_592),
    "plain44": Counts(658_586, 97_174_144),
    "plain56": Counts(853_018, 125_485_696),
    "plain110": Counts(1_727_962, 252_887_680),
    "preresnet20": Counts(269_722, 40_551_040),
    "preresnet32": Counts(464_154, 68_862_592),
    "preresnet44": Counts(658_586, 97_174_144),
    "preresnet56": Counts(853_018, 125_485_696),
    "preresnet110": Counts(1_727_962, 252_887_680),
    "preresnet20 B": Counts(272_282, 40_813_184),
    "preresnet32 B": Counts(466_714, 69_124_736),
    "preresnet44 B": Counts(661_146, 97_436_288),
    "preresnet56 B": Counts(855_578, 125_747_840),
    "preresnet110 B": Counts(1_730_522, 253_149_824),
    "preresnet20 C": Counts(283_290, 42_648_192),
    "preresnet32 C": Counts(488_474, 72_532_608),
    "preresnet44 C": Counts(693_658, 102_417_024),
    "preresnet56 C": Counts(898_842, 132_301_440),
    "preresnet110 C": Counts(1_822_170, 266_781_312),
    "wrn16_4": Counts(2_748_890, 392_612_352),
    "wrn28_10": Counts(36_479_194, 5_243_328_768),
    "wrn40_2": Counts(2_243_546, 327_599_360),
    "squeezenet1_0": Counts(1_248_424, 818_924_576),
    "squeezenet1_1": Counts(1_235_496, 349_151_936),
    "detector": Counts(105_470, 17_169_408),
    "plain": Counts(135_690, 7_982_080),
    "residual": Counts(135_690, 7_982_080),
}
"""Those that no paper gives were counted from PyTorch's networks of `twins`, with its own counter."""

NETWORKS = (*models.names(), *FORMS)
"""Every network that has a name, and the other forms: what the tests visit."""


def named(name: str) -> tuple[str, dict[str, Any]]:
    """The register's name of a network, and the options that make its form."""
    return FORMS.get(name, (name, {}))


def made(name: str, **more: Any) -> nn.Module:
    """A network of the catalogue."""
    base, options = named(name)
    return models.get(base)(**options, **more)
