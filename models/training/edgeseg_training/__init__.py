"""Training of EdgeSeg's promptable segmentation models: data, training, evaluation, export, quantisation."""


class UserError(Exception):
    """A wrong input of the user: printed as one line, without a traceback. The message gives reason and remedy."""
