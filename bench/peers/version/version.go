// Package version tells which version of a module a program was built with.
package version

import "runtime/debug"

// Of returns the version of the module at path, as pinned in go.mod.
func Of(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "unknown"
}
