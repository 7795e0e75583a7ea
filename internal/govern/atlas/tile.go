package atlas

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// Dir is the folder of arrangements among the packs.
const Dir = "tiles"

// China is what stands for the whole country, of which GB/T 2260 has no code.
const China = "000000"

// Arrangement is how the parts of a region are laid out as tiles: a pack.
type Arrangement struct {
	pack.Header `yaml:",inline"`
	Region      string `json:"region" yaml:"region"` // GB/T 2260; 000000 for the country
	Tiles       []Tile `json:"tiles" yaml:"tiles"`
}

// Tile is one part, in a cell of the grid.
type Tile struct {
	Code string    `json:"code" yaml:"code"`
	Name text.Text `json:"name" yaml:"name"`
	At   [2]int    `json:"at" yaml:"at"` // column, row; from 0, the upper left first
}

const (
	maxTiles = 100
	maxSide  = 20 // columns and rows
)

var codeForm = regexp.MustCompile(`^\d{6}$`)

// Below tells whether a division is one of the parts of a region: provinces of the country, prefectures of a province, counties of a
// prefecture.
func Below(code, region string) bool {
	switch {
	case !codeForm.MatchString(code):
		return false
	case region == China:
		return code != China && strings.HasSuffix(code, "0000")
	case strings.HasSuffix(region, "0000"):
		return code[:2] == region[:2] && code != region && strings.HasSuffix(code, "00")
	case strings.HasSuffix(region, "00"):
		return code[:4] == region[:4] && code != region
	}
	return false
}

// Check reports what is wrong (pack.Body).
func (a *Arrangement) Check(report func(where, what string)) {
	if !codeForm.MatchString(a.Region) {
		report("$.region", fmt.Sprintf("%q is no code of GB/T 2260; write six digits, such as 440000", a.Region))
		return
	}
	if len(a.Tiles) == 0 || len(a.Tiles) > maxTiles {
		report("$.tiles", fmt.Sprintf("holds %d; 1 to %d fit", len(a.Tiles), maxTiles))
	}
	for i := range a.Tiles {
		t, at := &a.Tiles[i], fmt.Sprintf("$.tiles[%d]", i)
		if !Below(t.Code, a.Region) {
			report(at+".code", fmt.Sprintf("%q is no part of %s", t.Code, a.Region))
		}
		if t.Name.Zh == "" || t.Name.En == "" {
			report(at+".name", "needs zh and en")
		}
		if min(t.At[0], t.At[1]) < 0 || max(t.At[0], t.At[1]) >= maxSide {
			report(at+".at", fmt.Sprintf("%v lies outside; columns and rows are 0 to %d", t.At, maxSide-1))
		}
		for _, o := range a.Tiles[:i] {
			if o.Code == t.Code {
				report(at+".code", fmt.Sprintf("%q is laid out twice", t.Code))
			}
			if o.At == t.At {
				report(at+".at", fmt.Sprintf("%v is taken by %s", t.At, o.Code))
			}
		}
	}
}

// Load reads the arrangements, by region. A folder that is not there holds none. Error: pack.Faults, also where two lay out one region.
func Load(files fs.FS) ([]*Arrangement, error) {
	set, err := pack.Load[Arrangement](files, Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list := set.All()
	slices.SortFunc(list, func(a, b *Arrangement) int { return strings.Compare(a.Region+a.ID, b.Region+b.ID) })
	var faults pack.Faults
	for i, a := range list {
		if i > 0 && list[i-1].Region == a.Region {
			faults = append(faults, pack.Fault{File: a.File(), Where: "$.region", What: fmt.Sprintf("%s is laid out by %s too", a.Region, list[i-1].ID)})
		}
	}
	if len(faults) > 0 {
		faults.Place(files)
		return nil, faults
	}
	return list, nil
}
