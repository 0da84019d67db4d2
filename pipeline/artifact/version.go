package artifact

import "runtime/debug"

// Version is that of the module this program was built from, as the Go tool stamped it; "(devel)" where it didn't.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
