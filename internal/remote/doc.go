// Package remote reads and writes what lies at an address: s3://bucket/key in an object store, and https:// on a web server, which is
// read only. [Open] is the way to open what a user names where an address is allowed: a name that is no address is a file of this
// machine, which package userfile opens.
//
// Requests that fail for a passing reason are repeated with growing pauses, and a body that is cut off goes on from where it was,
// provided that the object is still the same. An address in a message, a name or a record has no password and no query, since the
// query of a presigned address is a credential.
//
// The package doesn't know what the objects hold. Package serve must never hand it an address of a request.
package remote
