// Command server is an S3 server for tests: Versity's gateway over a folder. It is a module of its own, so that what it needs isn't
// in the requirements of finetune. It serves until its standard input ends.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	address := flag.String("address", "", "host:port to listen on")
	root := flag.String("root", "", "folder whose subfolders are buckets")
	sidecar := flag.String("sidecar", "", "folder for metadata of objects")
	flag.Parse()
	if err := serve(*address, *root, *sidecar); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(address, root, sidecar string) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	files, err := meta.NewSideCar(sidecar)
	if err != nil {
		return err
	}
	backend, err := posix.New(root, files, posix.PosixOpts{SideCarDir: sidecar})
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
		RootUserAccess: os.Getenv("AWS_ACCESS_KEY_ID"), RootUserSecret: os.Getenv("AWS_SECRET_ACCESS_KEY"), Region: "us-east-1",
		Ports: []string{address}, MaxConnections: 256, MaxRequests: 256, MultipartMaxParts: 10000, Quiet: true, KeepAlive: true,
	})
}
