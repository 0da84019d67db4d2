//go:build amd64 || arm64

package cudalibs

import "github.com/ebitengine/purego"

// open loads a library for the whole process, until it ends.
func open(name string) error {
	_, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	return err
}
