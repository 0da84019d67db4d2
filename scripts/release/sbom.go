package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"

	"finetune/internal/ort/library"
)

// bom returns the bill of materials of a program for a target, in CycloneDX 1.5. It has no serial number, which would differ
// between builds of the same commit.
func (s *source) bom(t target, modules []module, goVersion string) ([]byte, error) {
	own := cdx.Component{
		BOMRef: "finetune", Type: cdx.ComponentTypeApplication, Name: "finetune", Version: s.version,
		Licenses:   &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
		Properties: &[]cdx.Property{{Name: "platform", Value: t.String()}, {Name: "commit", Value: s.commit}},
	}
	var components []cdx.Component
	var uses []string
	for _, m := range modules {
		c := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: m.path, Version: m.version, PackageURL: "pkg:golang/" + m.path + "@" + m.version}
		c.BOMRef = c.PackageURL
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.sum, "h1:"))
		if err != nil || len(sum) != 32 {
			return nil, fmt.Errorf("%s: checksum %q; expected h1: and base64", m.name(), m.sum)
		}
		c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
		components, uses = append(components, c), append(uses, c.BOMRef)
	}
	std := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: "std", Version: strings.TrimPrefix(goVersion, "go")}
	std.PackageURL = "pkg:golang/std@" + std.Version
	// Not in the archives: finetune setup fetches it.
	native := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: "onnxruntime", Version: library.Version, Scope: cdx.ScopeOptional,
		PackageURL: "pkg:pypi/onnxruntime@" + library.Version, Licenses: &cdx.Licenses{{License: &cdx.License{ID: "MIT"}}}}
	for _, c := range []*cdx.Component{&std, &native} {
		c.BOMRef = c.PackageURL
		components, uses = append(components, *c), append(uses, c.BOMRef)
	}
	b := cdx.NewBOM()
	b.Metadata = &cdx.Metadata{Timestamp: s.time.Format(time.RFC3339), Component: &own}
	b.Components = &components
	b.Dependencies = &[]cdx.Dependency{{Ref: own.BOMRef, Dependencies: &uses}}
	var out bytes.Buffer
	err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(b, cdx.SpecVersion1_5)
	return out.Bytes(), err
}
