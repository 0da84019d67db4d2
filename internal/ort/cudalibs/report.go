package cudalibs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Library is one that a build needs.
type Library struct {
	Name    string `json:"name"`              // as the loader looks for it
	Path    string `json:"path,omitempty"`    // "" where it is missing
	Other   string `json:"other,omitempty"`   // a file of another version, where the needed one is missing
	Package string `json:"package,omitempty"` // pip's; "" for the driver's own
}

// A Report says what a build for CUDA needs and what of it is there.
type Report struct {
	CUDA      string    `json:"cuda"` // the major version that the build needs
	Libraries []Library `json:"libraries"`
	Driver    string    `json:"driver,omitempty"` // version of the NVIDIA driver, "" where none is loaded
	Needed    string    `json:"needed_driver"`    // the oldest
}

// A Problem is something that is missing. Advice says how to bring it.
type Problem struct{ Found, Advice string }

// drivers are the oldest that run a major version of CUDA.
var drivers = map[string]string{"11": "450", "12": "525", "13": "580"}

// Look says what the build in a folder needs and what of it is there. A folder without a build for CUDA is an error.
func Look(folder string) (*Report, error) { return newSearcher().look(folder) }

func (s *searcher) look(folder string) (*Report, error) {
	names, cuda, err := needs(folder)
	if err != nil {
		return nil, err
	}
	r := &Report{CUDA: cuda, Needed: drivers[cuda], Driver: s.driverVersion()}
	folders := s.folders()
	for _, name := range names {
		l := Library{Name: name, Package: packageOf(name, cuda)}
		if l.Path, l.Other = s.find(name, append([]string{folder}, folders...)); name == driver {
			l.Other = ""
		}
		r.Libraries = append(r.Libraries, l)
	}
	return r, nil
}

var versionNumber = regexp.MustCompile(`\b\d+\.\d+(\.\d+)?\b`)

// driverVersion reads the version of the kernel's module.
func (s *searcher) driverVersion() string {
	data, err := os.ReadFile(filepath.Join(s.root, "/proc/driver/nvidia/version"))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return versionNumber.FindString(line)
}

// Problems names the missing libraries, and a driver that is missing or too old.
func (r *Report) Problems() (list []Problem) {
	var missing, packages []string
	for _, l := range r.Libraries {
		switch {
		case l.Path != "":
			continue
		case l.Package == "":
			list = append(list, Problem{l.Name + ": missing; it is part of the NVIDIA driver",
				"install the NVIDIA driver " + r.Needed + " or newer"})
			continue
		case l.Other != "":
			missing = append(missing, fmt.Sprintf("%s (%s is of another version)", l.Name, l.Other))
		default:
			missing = append(missing, l.Name)
		}
		if !slices.Contains(packages, l.Package) {
			packages = append(packages, l.Package)
		}
	}
	if len(missing) > 0 {
		list = append(list, Problem{"missing for CUDA " + r.CUDA + ": " + strings.Join(missing, ", "),
			"run `python3 -m pip install " + strings.Join(packages, " ") + "`, or install CUDA " + r.CUDA + " and cuDNN with the system's packages"})
	}
	major, _, _ := strings.Cut(r.Driver, ".")
	have, err := strconv.Atoi(major)
	if need, _ := strconv.Atoi(r.Needed); err == nil && have < need {
		list = append(list, Problem{fmt.Sprintf("the NVIDIA driver is %s; CUDA %s needs %s or newer", r.Driver, r.CUDA, r.Needed),
			"install a newer driver"})
	}
	return list
}
