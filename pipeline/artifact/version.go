package artifact

import "runtime/debug"

// A release stamps these with -ldflags "-X finetune/pipeline/artifact.version=…", since its source tree has no repository.
var version, revision string

// Version is the version of the release, else that of the main module as the Go tool stamped it; "(devel)" where neither is known.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// Revision is the commit that the program was built from, "" where it isn't known, and whether the work tree had changes.
func Revision() (commit string, modified bool) {
	if revision != "" {
		return revision, false
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", false
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			modified = s.Value == "true"
		}
	}
	return commit, modified
}
