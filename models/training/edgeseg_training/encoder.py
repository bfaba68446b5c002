"""The image encoder: EfficientNet-Lite0 (BatchNorm, ReLU6, no squeeze-and-excitation) with prompt planes at its stem.

Parameter names are those of the public EfficientNet-Lite0 weights, so that they load by name.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from . import UserError

# one row a stage: repeats, kernel, stride, expansion, input channels, output channels
STAGES = [
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
]
TAPPED_BLOCKS = (0, 2, 4, 10, 15)
TAPPED_CHANNELS = (16, 24, 40, 112, 320)  # at strides 2, 4, 8, 16, 32


def normalised(channels):
    """BatchNorm with the constants of the published weights."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def fold(conv: nn.Conv2d, norm: nn.BatchNorm2d):
    """Weight and bias of one convolution that equals `conv` followed by `norm` in evaluation mode."""
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return conv.weight * scale.view(-1, 1, 1, 1), norm.bias - norm.running_mean * scale


def conv_norm(x, conv: nn.Conv2d, norm: nn.BatchNorm2d):
    """Convolution and BatchNorm. With fixed statistics they are one convolution, which saves a tenth of a training step."""
    if norm.training:
        return norm(conv(x))
    weight, bias = fold(conv, norm)
    return F.conv2d(x, weight, bias, conv.stride, conv.padding, conv.dilation, conv.groups)


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection; asymmetric padding at stride 2, as the weights were trained."""

    def __init__(self, kernel, stride, expansion, inputs, outputs):
        super().__init__()
        middle = inputs * expansion
        self.stride = stride
        self.margin = (kernel - 2) // 2, kernel - 2 - (kernel - 2) // 2
        self._expand_conv = self._bn0 = None
        if expansion > 1:
            self._expand_conv = nn.Conv2d(inputs, middle, 1, bias=False)
            self._bn0 = normalised(middle)
        padding = kernel // 2 if stride == 1 else 0
        self._depthwise_conv = nn.Conv2d(middle, middle, kernel, stride, padding, groups=middle, bias=False)
        self._bn1 = normalised(middle)
        self._project_conv = nn.Conv2d(middle, outputs, 1, bias=False)
        self._bn2 = normalised(outputs)
        self.has_residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = x if self._expand_conv is None else F.relu6(conv_norm(x, self._expand_conv, self._bn0))
        if self.stride == 2:
            y = F.pad(y, self.margin * 2)
        y = F.relu6(conv_norm(y, self._depthwise_conv, self._bn1))
        y = conv_norm(y, self._project_conv, self._bn2)
        return x + y if self.has_residual else y


class Encoder(nn.Module):
    """Image [B,3,S,S] (RGB, about -1..1) and prompt planes [B,2,S,S] -> five maps at strides 2, 4, 8, 16, 32."""

    def __init__(self):
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, bias=False)
        self._bn0 = normalised(32)
        self._prompt_stem = nn.Conv2d(2, 32, 3, 2, bias=False)
        self._blocks = nn.ModuleList()
        for repeats, kernel, stride, expansion, inputs, outputs in STAGES:
            self._blocks.append(InvertedResidual(kernel, stride, expansion, inputs, outputs))
            for _ in range(repeats - 1):
                self._blocks.append(InvertedResidual(kernel, 1, expansion, outputs, outputs))

    def forward(self, image, planes):
        pixels = torch.cat([image, planes], 1)
        weight = torch.cat([self._conv_stem.weight, self._prompt_stem.weight], 1)
        y = F.conv2d(F.pad(pixels, (0, 1, 0, 1)), weight, stride=2)
        y = F.relu6(self._bn0(y))
        taps = []
        for index, block in enumerate(self._blocks):
            y = block(y)
            if index in TAPPED_BLOCKS:
                taps.append(y)
        return taps

    def fix(self, norms: bool, depthwise: bool, everything: bool = False):
        """Takes the BatchNorm statistics (`norms`), the depthwise weights, or everything from training.

        The depthwise weights' backward pass is a large part of a step on a CPU. Call again after `train()`.
        """
        for name, module in self.named_modules():
            if (norms or everything) and isinstance(module, nn.BatchNorm2d):
                module.eval()
            if depthwise and name.endswith("_depthwise_conv"):
                module.weight.requires_grad_(False)
            # the scale after a depthwise convolution is folded into its weights: learning it would need their gradient
            if norms and depthwise and name.endswith("_bn1"):
                module.weight.requires_grad_(False)
        if everything:
            self.requires_grad_(False)


def load_backbone(encoder: Encoder, state: dict) -> list[str]:
    """Loads the public ImageNet weights by name; the names in `state` that the encoder lacks (the classifier's)."""
    result = encoder.load_state_dict(state, strict=False)
    missing = [name for name in result.missing_keys if not name.startswith("_prompt_stem")]
    if missing:
        raise ValueError(f"the backbone's weights lack {', '.join(missing[:3])}")
    nn.init.zeros_(encoder._prompt_stem.weight)
    return result.unexpected_keys


def took_backbone(encoder: Encoder, state: dict, path) -> bool:
    """Loads a file's weights if they are the backbone's; whether they are. Raises UserError with the path."""
    if "_conv_stem.weight" not in state:
        return False
    try:
        load_backbone(encoder, state)
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{path} does not fit the encoder: {error}") from None
    return True
