package main

import (
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"finetune/internal/s3test"
)

// TestObjectStore runs scripts beside an S3 server, to which the connection is bad.
func TestObjectStore(t *testing.T) {
	server := s3test.Start(t)
	proxy := s3test.Through(t, server.Address, func(n int, _ *http.Request) s3test.Fault {
		return []s3test.Fault{{}, {}, {Cut: 5000}, {}, {Status: 503}, {}, {}}[n%7]
	})
	p := scripts(t, "testdata/objectstore")
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"} {
			e.Setenv(name, os.Getenv(name))
		}
		e.Setenv("AWS_ENDPOINT_URL", "http://"+proxy)
		return setup(e)
	}
	// s3put PATH KEY stores a file, or the files below a folder.
	p.Cmds["s3put"] = func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: s3put PATH KEY")
		}
		root := ts.MkAbs(args[0])
		ts.Check(filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, file)
			server.Put(t, path.Join(args[1], filepath.ToSlash(rel)), data)
			return err
		}))
	}
	// s3get KEY FILE brings an object; with a ! before it there must be none.
	p.Cmds["s3get"] = func(ts *testscript.TestScript, neg bool, args []string) {
		data := server.Get(t, args[0])
		if neg != (data == nil) {
			ts.Fatalf("%s: %d bytes", args[0], len(data))
		}
		if !neg {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o666))
		}
	}
	testscript.Run(t, p)
}
