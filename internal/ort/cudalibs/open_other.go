//go:build !linux || (!amd64 && !arm64)

package cudalibs

import "errors"

func open(string) error { return errors.New("not on this system") }
