#include <string.h>
#include "io/datasets/image_names.h"

static const struct {
    const char *ending, *what;
} kinds[] = {{".parquet", "Parquet tables (Hugging Face)"},
             {".arrow", "Arrow tables (Hugging Face)"},
             {"-ubyte", "IDX files (MNIST)"},
             {"-ubyte.gz", "IDX files (MNIST)"},
             {".npz", "NumPy arrays"},
             {".npy", "NumPy arrays"},
             {".tfrecord", "TensorFlow records"},
             {".mdb", "LMDB files"},
             {".h5", "HDF5 files"},
             {".hdf5", "HDF5 files"},
             {".mat", "MATLAB files"},
             {".rec", "MXNet records"},
             {".beton", "FFCV files"},
             {".pkl", "pickles"},
             {".zip", "zip archives"},
             {".rar", "rar archives"},
             {".7z", "7z archives"},
             {"_X.bin", "binaries of STL-10"}};

const char *dc3_other_dataset(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (dc3_ends_with(name, kinds[i].ending)) return kinds[i].what;
    return strstr(name, ".tfrecord-") ? "TensorFlow records" : NULL;
}
