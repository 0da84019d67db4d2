// Command inventory lists the modules that are linked into finetune with their licences. With -licences it fails where a licence isn't
// permissive; with -sbom it writes a software bill of materials in CycloneDX's JSON.
package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// command is the package whose modules are listed.
const command = "finetune/cmd/finetune"

// A module is a dependency, as go list tells it.
type module struct {
	Path, Version, Sum, Dir string
	Replace                 *module
	licence                 string // by SPDX, "" where it isn't known or not permissive
}

func main() {
	check := flag.Bool("licences", false, "list licences, and fail where one isn't permissive")
	sbom := flag.String("sbom", "", "file for a bill of materials")
	flag.Parse()
	if err := run(*check, *sbom); err != nil {
		fmt.Fprintln(os.Stderr, "inventory:", err)
		os.Exit(1)
	}
}

func run(check bool, sbom string) error {
	modules, err := linked()
	if err != nil {
		return err
	}
	var bad []string
	for i := range modules {
		m := &modules[i]
		if m.licence, err = licenceIn(m.Dir); err != nil {
			bad = append(bad, fmt.Sprintf("%s: %v", m.Path, err))
		}
		if check {
			fmt.Printf("%-45s %-40s %s\n", m.Path, m.Version, m.licence)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%d modules without a permissive licence:\n%s", len(bad), strings.Join(bad, "\n"))
	}
	if sbom == "" {
		return nil
	}
	return writeSBOM(sbom, modules)
}

// linked lists the modules that packages of the command come from, but for its own.
func linked() ([]module, error) {
	out, err := exec.Command("go", "list", "-deps", "-json=Module", command).Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var list []module
	seen := map[string]bool{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p struct{ Module *module }
		if err := dec.Decode(&p); err != nil {
			return nil, err
		}
		m := p.Module
		if m == nil || m.Version == "" || seen[m.Path] {
			continue // the standard library, and this module
		}
		seen[m.Path] = true
		if m.Replace != nil {
			m = m.Replace
		}
		list = append(list, *m)
	}
	return list, nil
}

// permissive are phrases that only one licence has, in small letters with single blanks.
var permissive = []struct{ phrase, spdx string }{
	{"apache license version 2.0", "Apache-2.0"},
	{"permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"},
	{"neither the name of", "BSD-3-Clause"},
	{"names of its contributors", "BSD-3-Clause"},
	{"redistribution and use in source and binary forms", "BSD-2-Clause"},
	{"permission to use, copy, modify, and/or distribute this software", "ISC"},
	{"this is free and unencumbered software released into the public domain", "Unlicense"},
}

// licenceIn reads the licence in a module's folder.
func licenceIn(dir string) (string, error) {
	var files []string
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "COPYING*", "UNLICENSE*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		plain := strings.Join(strings.Fields(strings.ToLower(string(text))), " ")
		for _, p := range permissive {
			if strings.Contains(plain, p.phrase) {
				return p.spdx, nil
			}
		}
	}
	return "", fmt.Errorf("none known in %v", files)
}

// A bill is as much of CycloneDX 1.5 as is needed for Go modules.
type bill struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Components []component `json:"components"`
}

type component struct {
	Type     string    `json:"type"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	PURL     string    `json:"purl"`
	Hashes   []hash    `json:"hashes,omitempty"`
	Licences []licence `json:"licenses"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type licence struct {
	Licence struct {
		ID string `json:"id"`
	} `json:"license"`
}

// writeSBOM writes a bill. A module's hash is that of go.sum, in hexadecimal: it is of all its files, so that go mod verify checks it.
func writeSBOM(path string, modules []module) error {
	b := bill{Format: "CycloneDX", Spec: "1.5", Version: 1, Components: []component{}}
	for _, m := range modules {
		c := component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version, Licences: make([]licence, 1)}
		c.Licences[0].Licence.ID = m.licence
		if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(sum) > 0 {
			c.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
		}
		b.Components = append(b.Components, c)
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d modules\n", path, len(modules))
	return os.WriteFile(path, append(text, '\n'), 0o666)
}
