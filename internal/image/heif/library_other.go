//go:build !((linux || darwin) && !android && !ios && (amd64 || arm64))

package heif

import "image"

type file struct{}

func openFile([]byte) (*file, error)      { return nil, ErrNoLibrary }
func (*file) close()                      {}
func (*file) size() (width, height int)   { return 0, 0 }
func (*file) decode(_ *image.NRGBA) error { return ErrNoLibrary }
