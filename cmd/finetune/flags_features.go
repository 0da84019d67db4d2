package main

import (
	"os"

	"github.com/spf13/pflag"
)

// partsFlag reads the folder of features; given again it adds another part, as features.OpenFolder takes them.
type partsFlag struct{ path *string }

var _ pflag.Value = (*partsFlag)(nil)

func (*partsFlag) Type() string { return "folder" }

func (p *partsFlag) String() string {
	if p.path == nil {
		return ""
	}
	return *p.path
}

// Set takes a folder.
func (p *partsFlag) Set(text string) error {
	if *p.path != "" {
		text = *p.path + string(os.PathListSeparator) + text
	}
	*p.path = text
	return nil
}
