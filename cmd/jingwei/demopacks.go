package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"

	"jingwei/internal/kernel/file"
	"jingwei/packs"
)

// demoSuppress is from how many enterprises on the region's nodes tell figures. The definitions that ship ask for three or five, which six
// fictional enterprises in a park and two cities never are.
const demoSuppress = 2

var (
	packVersion  = regexp.MustCompile(`(?m)^version: (\d+\.\d+)\.(\d+)$`)
	packSuppress = regexp.MustCompile(`(?m)^suppress: (\d+)$`)
	packAssumes  = regexp.MustCompile(`(?m)^assumptions:\n`)
)

// demoPacks writes a folder of packs with those definitions of indicators that ask for more enterprises than the region has. Each says so
// among its assumptions and has a version of its own, so that nobody takes it for the one that ships.
func demoPacks(dir string) (string, error) {
	dir = filepath.Join(dir, "packs")
	if err := file.MakeDir(file.OS(), filepath.Join(dir, "indicators"), 0o700); err != nil {
		return "", err
	}
	names, err := fs.Glob(packs.Files, "indicators/*.yaml")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		b, err := packs.Files.ReadFile(name)
		if err != nil {
			return "", err
		}
		text, ok := demoDefinition(string(b))
		if !ok {
			continue
		}
		if err := file.WriteAtomic(file.OS(), filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// demoDefinition is a definition that is told from demoSuppress enterprises on; false where it is already.
func demoDefinition(text string) (string, bool) {
	m := packSuppress.FindStringSubmatch(text)
	if m == nil {
		return text, false
	}
	n, err := strconv.Atoi(m[1])
	if err != nil || n <= demoSuppress {
		return text, false
	}
	text = packSuppress.ReplaceAllString(text, fmt.Sprintf("suppress: %d", demoSuppress))
	text = packVersion.ReplaceAllString(text, "version: ${1}.9${2}")
	note := fmt.Sprintf("  - {zh: '演示：不足 %d 家不公布；随附定义为 %d 家', en: 'Demonstration: told from %d enterprises on; the definition that ships asks for %d'}\n", demoSuppress, n, demoSuppress, n)
	return packAssumes.ReplaceAllString(text, "assumptions:\n"+note), true
}
