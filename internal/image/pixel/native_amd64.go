package pixel

import "golang.org/x/sys/cpu"

var native = cpu.X86.HasAVX2
