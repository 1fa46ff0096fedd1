#!/usr/bin/env bash
# Pillow 13.0.0.
#
# A grey PNG with 16 bits a pixel becomes RGB by clipping at 255, not by scaling: of
# the levels 0, 100, 1,000 and 65,535 the last two are both white. What loads
# pictures with convert("RGB"), as torchvision's ImageFolder does, sees nearly white
# pictures.
#
# What follows: ours keeps the upper 8 bits, as the documentation of package
# data/picture says. A network that was trained on such pictures elsewhere has seen
# other ones.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python_packages pillow==13.0.0 numpy==2.4.6
cat > grey.py <<'PYTHON'
import numpy
import PIL.Image

PIL.Image.fromarray(numpy.array([[0, 100, 1000, 65535]], numpy.uint16)).save("grey.png")
image = PIL.Image.open("grey.png")
print(image.mode, numpy.asarray(image).tolist(), numpy.asarray(image.convert("RGB"))[:, :, 0].tolist())
PYTHON
python grey.py 2>/dev/null | same 'I;16 [[0, 100, 1000, 65535]] [[0, 100, 255, 255]]'
