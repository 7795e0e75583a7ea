package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// printVersion tells the version, the commit it was built from where the build knows it, and the Go version.
func printVersion(out io.Writer) error {
	commit, changed := "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = s.Value
			case "vcs.modified":
				if s.Value == "true" {
					changed = " with local changes"
				}
			}
		}
	}
	if commit != "" {
		commit = " (" + commit[:min(12, len(commit))] + changed + ")"
	}
	_, err := fmt.Fprintf(out, "jingwei %s%s %s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
