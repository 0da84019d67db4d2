//go:build !unix

package table

import "os"

func lock(*os.File) error { return nil }
