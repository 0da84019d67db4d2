package library

import "cmp"

// A pin is one published build of the library for one platform. There are several builds of a release: Python's
// and Node's packages and the release archive are made by different pipelines, so each has its own digest.
type pin struct {
	client  string // "pip" or "npm"; "" for the release archive, which the user downloads
	pkg     string // the package's name at that client, or the archive's file name
	tag     string // pip's platform tag
	member  string // path of the library inside the package
	sha256  string // of the library file
	archive string // SHA-256 of the whole archive, for builds that are known by that alone
	version string // "" is [Version]

	companions []companion // files that must lie beside the library
}

// A companion is a file of a package that the library opens in its own folder.
type companion struct{ member, sha256 string }

// release is the version of the library that the pin is of.
func (p pin) release() string { return cmp.Or(p.version, Version) }

// platform is GOOS/GOARCH.
type platform struct{ goos, goarch string }

const (
	wheelDir   = "onnxruntime/capi/"
	nodeDir    = "package/bin/napi-v6/"
	linuxFile  = "libonnxruntime.so." + Version
	darwinFile = "libonnxruntime." + Version + ".dylib"
)

// pins holds what may be installed. The digests of pip and npm builds were computed from the packages
// (`sha256sum` of the members); those of the release archives are as projects that build on them pin them, each
// found in two or more that know nothing of each other.
// Order matters: clients are tried from the first, the smaller download.
var pins = map[platform][]pin{
	{"linux", "amd64"}: {
		{client: "pip", pkg: "onnxruntime", tag: "manylinux_2_27_x86_64", member: wheelDir + linuxFile,
			sha256: "12e097b0705253189cd2cde73a091febefb7348edcfe606cd54aec010a4bab2b"},
		{client: "npm", pkg: "onnxruntime-node", member: nodeDir + "linux/x64/libonnxruntime.so.1",
			sha256: "92ba8e44d31b80a34f5e805076a044122c3be1fffe0d88ed790de7267b0b2682"},
		{pkg: "onnxruntime-linux-x64-" + Version + ".tgz", member: "onnxruntime-linux-x64-" + Version + "/lib/" + linuxFile,
			archive: "4c436a280d650f8bf32c921a2bf4de7c42cc32884c51c90e47de991708bbb5a4"},
	},
	{"linux", "arm64"}: {
		{client: "pip", pkg: "onnxruntime", tag: "manylinux_2_27_aarch64", member: wheelDir + linuxFile,
			sha256: "34b560ca50f0ba1228a715ce3bedb14eb0fa8e9002dd43dfe083be399f67d7ad"},
		{client: "npm", pkg: "onnxruntime-node", member: nodeDir + "linux/arm64/libonnxruntime.so.1",
			sha256: "33032cb5b91c12edbf028d7c69fa40a31848d66c0095448758af237d5e0b07db"},
		{pkg: "onnxruntime-linux-aarch64-" + Version + ".tgz", member: "onnxruntime-linux-aarch64-" + Version + "/lib/" + linuxFile,
			archive: "15100fb88b4c692cdd6bf2cca5f4a26a3806cebca8136de6681e2aba4b2ea033"},
	},
	{"darwin", "arm64"}: {
		{client: "pip", pkg: "onnxruntime", tag: "macosx_14_0_arm64", member: wheelDir + darwinFile,
			sha256: "c3052e7883681252b3b388a408a3e809c0ad6aaa666c6b8d457fa1e3c3153673"},
		{client: "npm", pkg: "onnxruntime-node", member: nodeDir + "darwin/arm64/" + darwinFile,
			sha256: "76831409ce6eded92b4cb343cf422c458a60c1ea1d5f3cfa69692ab7fcc67f0f"},
		{pkg: "onnxruntime-osx-arm64-" + Version + ".tgz", member: "onnxruntime-osx-arm64-" + Version + "/lib/" + darwinFile,
			archive: "c255663d40755f84b1b86373bdb9870bb65f3a2c3d779b3d7ae31aaa00cebb4f"},
	},
}

// cudaPins are the builds for [CUDA]. Their companions were weighed as the libraries were.
var cudaPins = map[platform][]pin{
	{"linux", "amd64"}: {
		{client: "pip", pkg: "onnxruntime-gpu", tag: "manylinux_2_28_x86_64", version: CUDAVersion,
			member: wheelDir + "libonnxruntime.so." + CUDAVersion,
			sha256: "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303",
			companions: []companion{
				{wheelDir + "libonnxruntime_providers_shared.so", "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d"},
				{wheelDir + CUDAProvider, "8387867e857499e045caff5d13ac6a5de29571c801562fa2dde0e45f1f31de52"},
			}},
	},
}

// pinsOf returns the builds for a device.
func pinsOf(device string, at platform) []pin {
	if device == CUDA {
		return cudaPins[at]
	}
	return pins[at]
}

// source says in words where a build comes from.
func (p pin) source() string {
	if p.client == "" {
		return "release archive " + p.pkg
	}
	return p.client + " package " + p.pkg + " " + p.release()
}
