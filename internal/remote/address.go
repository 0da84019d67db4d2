package remote

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"finetune/invalid"
)

// AllowHTTP is the environment variable that allows http:// to other machines than this one where it is 1.
const AllowHTTP = "FINETUNE_ALLOW_HTTP"

// Is reports whether a name is an address that this package reads.
func Is(name string) bool { return IsS3(name) || isWeb(name) }

// IsS3 reports whether a name is an address in an object store, which has folders and can be written to.
func IsS3(name string) bool { return strings.HasPrefix(name, "s3://") }

func isWeb(name string) bool {
	return strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://")
}

// Redacted returns an address as it may be shown and kept: without a password, and with a short digest in place of a query. Any other
// name it returns as it is.
func Redacted(name string) string {
	if !isWeb(name) {
		return name
	}
	base, query, found := strings.Cut(name, "?")
	if scheme, rest, ok := strings.Cut(base, "://"); ok {
		host, below, slash := strings.Cut(rest, "/")
		base = scheme + "://" + host[strings.LastIndexByte(host, '@')+1:]
		if slash {
			base += "/" + below
		}
	}
	base, _, _ = strings.Cut(base, "#")
	if !found {
		return base
	}
	sum := sha256.Sum256([]byte(query))
	return base + "?redacted-" + hex.EncodeToString(sum[:4])
}

// Path returns an address without its query: its end tells what kind of file it is. Any other name it returns as it is.
func Path(name string) string {
	if isWeb(name) {
		name, _, _ = strings.Cut(name, "?")
		name, _, _ = strings.Cut(name, "#")
	}
	return name
}

// Dir returns the folder of a file: filepath.Dir, or an address that ends with a slash.
func Dir(name string) string {
	if !Is(name) {
		return filepath.Dir(name)
	}
	name = Path(name)
	if at := strings.LastIndexByte(name, '/'); name[at-1] != '/' {
		return name[:at+1]
	}
	return name + "/"
}

// Join returns the file of a slash-separated path that a file in the folder dir names: a path that is an address itself, or one
// relative to dir. At an address it stays on the same server and in the same bucket; a file of this machine is refused there, since
// what another machine says must not choose what is read here. For the same reason a web server can't name what only this machine's
// credentials reach, and an encrypted table can't name a server of this machine.
func Join(dir, p string) (string, error) {
	switch {
	case isWeb(dir) && IsS3(p):
		return "", &invalid.Error{Found: "s3:// in a table of a web server", Want: "https://, or a path relative to the table",
			Hint: "copy the table to this machine or to the object store"}
	case Is(dir) && !strings.HasPrefix(dir, "http://") && strings.HasPrefix(p, "http://") && os.Getenv(AllowHTTP) != "1":
		return "", &invalid.Error{Found: errPlain.Error(), Want: "https://, or " + AllowHTTP + "=1 in the environment"}
	case Is(p):
		return p, nil
	case !Is(dir):
		local := filepath.FromSlash(p)
		if filepath.IsAbs(local) {
			return local, nil
		}
		return filepath.Join(dir, local), nil
	case path.IsAbs(p), strings.HasPrefix(p, "file:"), filepath.IsAbs(filepath.FromSlash(p)):
		return "", &invalid.Error{Found: "a file of this machine in a table at an address", Want: "a path relative to the table, or an address"}
	}
	scheme, rest, _ := strings.Cut(dir, "://")
	host, below, _ := strings.Cut(rest, "/")
	joined := path.Join("/", below, p)
	if scheme != "s3" {
		joined = (&url.URL{Path: joined}).EscapedPath()
	}
	return scheme + "://" + host + joined, nil
}

// A location is an address in its parts.
type location struct {
	address string
	bucket  string // of an object store, else ""
	key     string
}

// Check returns the error of an address that can't be one of a file or folder, such as one without the name of a bucket. Callers that
// join a name to an address check it first, since the name would be read as what is missing.
func Check(address string) error {
	_, err := parse(address)
	return err
}

// parse checks an address.
func parse(address string) (location, error) {
	l := location{address: address}
	wrong := func(found, want string) (location, error) {
		return l, &invalid.Error{Path: Redacted(address), Found: found, Want: want}
	}
	if IsS3(address) {
		l.bucket, l.key, _ = strings.Cut(strings.TrimPrefix(address, "s3://"), "/")
		if l.bucket == "" || strings.ContainsAny(l.bucket, "@:?") {
			return wrong("an address without the name of a bucket", "s3://bucket/key")
		}
		return l, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return wrong("an address that can't be read", "https://host/path")
	}
	if err := allowed(u); err != nil {
		return wrong(err.Error(), "https://, or "+AllowHTTP+"=1 in the environment")
	}
	return l, nil
}

// redirected refuses to follow an answer from an encrypted connection to another, and to what isn't a web server.
func redirected(from, to *url.URL) error {
	if to.Scheme != "https" && to.Scheme != "http" {
		return errElsewhere
	}
	if from.Scheme == "https" && to.Scheme == "http" && os.Getenv(AllowHTTP) != "1" {
		return errPlain
	}
	return allowed(to)
}

// allowed refuses a connection that others could read and change, except on this machine.
func allowed(u *url.URL) error {
	host := u.Hostname()
	if u.Scheme != "http" || host == "localhost" || os.Getenv(AllowHTTP) == "1" {
		return nil
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return nil
	}
	return errPlain
}
