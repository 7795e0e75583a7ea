// Command sbom writes the software bill of materials of a release (CycloneDX 1.6, JSON): every Go module that is in the
// binary, as the binary itself says, and every npm package that may be in the console, as its lock file says, each with
// version, package URL and licence.
//
//	sbom -binary bin/jingwei -lock web/package-lock.json -version v1.2.3 -out dist/jingwei.cdx.json
package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/licensecheck"
)

func main() {
	binary := flag.String("binary", "", "the program")
	lock := flag.String("lock", "", "package-lock.json of the console")
	version := flag.String("version", "", "of the release")
	out := flag.String("out", "", "where to write")
	flag.Parse()
	if err := write(*binary, *lock, *version, *out); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func write(binary, lock, version, out string) error {
	goParts, err := modules(binary)
	if err != nil {
		return err
	}
	webParts, err := packages(lock)
	if err != nil {
		return err
	}
	parts := append(goParts, webParts...)
	slices.SortFunc(parts, func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	bom := cdx.NewBOM()
	bom.SpecVersion = cdx.SpecVersion1_6
	bom.Metadata = &cdx.Metadata{Component: &cdx.Component{BOMRef: "jingwei", Type: cdx.ComponentTypeApplication, Name: "jingwei", Version: version,
		Licenses: licences("Apache-2.0")}}
	bom.Components = &parts
	var b bytes.Buffer
	e := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON)
	e.SetPretty(true)
	if err := e.Encode(bom); err != nil {
		return err
	}
	return os.WriteFile(out, b.Bytes(), 0o644)
}

func licences(id string) *cdx.Licenses {
	if id == "" {
		return nil
	}
	if strings.ContainsAny(id, " ()") {
		return &cdx.Licenses{{Expression: id}}
	}
	return &cdx.Licenses{{License: &cdx.License{ID: id}}}
}

// chosen are the licences taken where a module offers a choice: the Eclipse Distribution License, which is BSD-3-Clause.
var chosen = map[string]string{"github.com/eclipse/paho.mqtt.golang": "BSD-3-Clause"}

// modules lists the Go modules in a binary.
func modules(binary string) ([]cdx.Component, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("read what %s is built of: %w", binary, err)
	}
	dirs, err := moduleDirs()
	if err != nil {
		return nil, err
	}
	parts := []cdx.Component{{BOMRef: "pkg:golang/std@" + info.GoVersion, Type: cdx.ComponentTypeLibrary, Name: "std", Version: info.GoVersion,
		PackageURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go"), Licenses: licences("BSD-3-Clause")}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		id, err := chosen[m.Path], error(nil)
		if id == "" {
			id, err = licenceOf(dirs[m.Path])
		}
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", m.Path, err)
		}
		url := "pkg:golang/" + m.Path + "@" + m.Version
		parts = append(parts, cdx.Component{BOMRef: url, Type: cdx.ComponentTypeLibrary, Name: m.Path, Version: m.Version, PackageURL: url,
			Licenses: licences(id), Properties: &[]cdx.Property{{Name: "go:sum", Value: m.Sum}}})
	}
	return parts, nil
}

// moduleDirs tells where the sources of the modules of the working directory's module are.
func moduleDirs() (map[string]string, error) {
	b, err := exec.Command("go", "list", "-m", "-json", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m all: %w", err)
	}
	dirs := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(b)); d.More(); {
		var m struct{ Path, Dir string }
		if err := d.Decode(&m); err != nil {
			return nil, err
		}
		dirs[m.Path] = m.Dir
	}
	return dirs, nil
}

// licenceOf reads the licence texts of a module; several make an expression. A module whose licence is not recognised is
// an error: it must be looked at by a person before it ships.
func licenceOf(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var ids []string
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "LICENSE") && !strings.HasPrefix(name, "LICENCE") && !strings.HasPrefix(name, "COPYING") && name != "UNLICENSE" {
			continue
		}
		b, err := fs.ReadFile(os.DirFS(dir), e.Name())
		if err != nil {
			return "", err
		}
		for _, m := range licensecheck.Scan(b).Match {
			if !slices.Contains(ids, m.ID) && !m.IsURL {
				ids = append(ids, m.ID)
			}
		}
	}
	if len(ids) == 0 {
		return "", fmt.Errorf("no licence is recognised in %s", dir)
	}
	slices.Sort(ids)
	return strings.Join(ids, " AND "), nil
}

// packages lists what the lock file names for production.
func packages(lock string) ([]cdx.Component, error) {
	b, err := os.ReadFile(lock)
	if err != nil {
		return nil, err
	}
	var file struct {
		Packages map[string]struct {
			Version   string
			Licence   string `json:"license"`
			Integrity string
			Dev       bool
			Link      bool
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", lock, err)
	}
	var parts []cdx.Component
	for path, p := range file.Packages {
		_, name, ok := cutLast(filepath.ToSlash(path), "node_modules/")
		if !ok || p.Dev || p.Link {
			continue
		}
		url := "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + p.Version
		parts = append(parts, cdx.Component{BOMRef: url + "#" + path, Type: cdx.ComponentTypeLibrary, Name: name, Version: p.Version, PackageURL: url,
			Licenses: licences(p.Licence), Properties: &[]cdx.Property{{Name: "npm:integrity", Value: p.Integrity}}})
	}
	return parts, nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
