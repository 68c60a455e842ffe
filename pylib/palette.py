"""The colours of classes, the same in every report, overlay and gallery."""

import colorsys

# Okabe and Ito, https://jfly.uni-koeln.de/color/, told apart with any common colour blindness.
PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#CC79A7", "#999999", "#D55E00")


def class_colour(index: int) -> str:
    """The colour of a class index as #RRGGBB; beyond the palette, hues a golden angle apart."""
    if index < len(PALETTE):
        return PALETTE[index]
    red, green, blue = colorsys.hsv_to_rgb(index * 0.381966 % 1, 0.65, 0.85)
    return f"#{round(red * 255):02X}{round(green * 255):02X}{round(blue * 255):02X}"


def class_rgb(index: int) -> tuple[int, int, int]:
    """The same as red, green and blue in 0…255."""
    red, green, blue = bytes.fromhex(class_colour(index)[1:])
    return red, green, blue
