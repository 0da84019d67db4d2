package cudalibs

// Load makes the libraries that the build in a folder needs available to the process, so that the build finds those that lie
// outside the loader's own folders, such as pip's. The loader's choice comes first. What is missing is left out: see
// [Report.Problems].
func Load(folder string) (*Report, error) {
	r, err := Look(folder)
	if err == nil {
		r.load(open)
	}
	return r, err
}

// load opens the libraries in order; a library that the loader finds though Look didn't isn't missing.
func (r *Report) load(open func(name string) error) {
	for i, l := range r.Libraries {
		if open(l.Name) == nil {
			if l.Path == "" {
				r.Libraries[i].Path, r.Libraries[i].Other = l.Name, ""
			}
			continue
		}
		if l.Path != "" {
			_ = open(l.Path) // the provider's own error says what is wrong with it
		}
	}
}
