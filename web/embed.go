// Package web holds the console: the built files of this folder, embedded in the binary.
//
// `npm run build` writes dist/, which git does not keep. A fresh clone has only dist-placeholder/, a page that says how
// to build the console; the pattern below takes whichever of the two is there, so every Go command works before npm ran.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist*
var files embed.FS

// Console returns the files of the console with index.html at its root. built is false when the binary was made
// without the console; the files are then a single page that tells so.
func Console() (console fs.FS, built bool) {
	if sub, err := fs.Sub(files, "dist"); err == nil {
		if _, err := fs.Stat(sub, "index.html"); err == nil {
			return sub, true
		}
	}
	sub, err := fs.Sub(files, "dist-placeholder")
	if err != nil {
		panic(err) // the name is a constant: only an invalid path fails
	}
	return sub, false
}
