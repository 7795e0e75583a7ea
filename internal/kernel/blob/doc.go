// Package blob keeps immutable objects (documents, models, waveforms, exports) as files whose name is the hash of their
// content. An object that is there is whole: it is written beside its place, brought to the medium (fdatasync), and
// only then given its name. What is read is checked against the name, so damage on the disk is an error and never data.
//
// Files: <dir>/sha256/<first two digits>/<64 hex digits>, and <dir>/new for what is being written.
// Source of the hash: FIPS 180-4. The id names its algorithm ("sha256:…"), so that another can stand beside it.
package blob
