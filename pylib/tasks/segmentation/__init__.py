"""A class for each pixel: images with masks, a U-Net, mean IoU."""
