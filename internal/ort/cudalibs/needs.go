package cudalibs

import (
	"debug/elf"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"finetune/internal/ort/library"
)

// cudnn is what builds open while they run, instead of declaring that they need it.
const cudnn = "libcudnn.so.9"

// packages are pip's, by the stem of a library's name. Those that end in "-cu" carry CUDA's major version; the others do
// only before CUDA 13.
var packages = []struct{ stem, pkg string }{
	// In the order of loading: later ones need earlier ones.
	{"libcudart", "nvidia-cuda-runtime"},
	{"libnvrtc", "nvidia-cuda-nvrtc"},
	{"libcublasLt", "nvidia-cublas"},
	{"libcublas", "nvidia-cublas"},
	{"libcufft", "nvidia-cufft"},
	{"libcurand", "nvidia-curand"},
	{"libcudnn", "nvidia-cudnn-cu"},
}

// driver is the library of the NVIDIA driver.
const driver = "libcuda.so.1"

// needs returns the libraries of CUDA that the build in a folder needs, in the order of loading, and CUDA's major version.
func needs(folder string) (names []string, cuda string, err error) {
	path := filepath.Join(folder, library.CUDAProvider)
	f, err := elf.Open(path)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	all, err := f.ImportedLibraries()
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range all {
		if major, ok := strings.CutPrefix(name, "libcudart.so."); ok {
			cuda = major
		}
		if rank(name) >= 0 {
			names = append(names, name)
		}
	}
	if cuda == "" {
		return nil, "", fmt.Errorf("%s: needs no libcudart.so, so it isn't a provider for CUDA", path)
	}
	if !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "libcudnn.so") }) {
		names = append(names, cudnn)
	}
	names = append(names, "libnvrtc.so."+cuda) // cuDNN compiles some of its kernels
	slices.SortFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return append(slices.Compact(names), driver), cuda, nil
}

// rank is the place of a library in packages, -1 for others.
func rank(name string) int {
	stem, _, _ := strings.Cut(name, ".so")
	return slices.IndexFunc(packages, func(p struct{ stem, pkg string }) bool { return p.stem == stem })
}

// packageOf names pip's package of a library.
func packageOf(name, cuda string) string {
	i := rank(name)
	if i < 0 {
		return ""
	}
	pkg := packages[i].pkg
	switch {
	case strings.HasSuffix(pkg, "-cu"):
		return pkg + cuda
	case cuda == "11" || cuda == "12":
		return pkg + "-cu" + cuda
	}
	return pkg
}
