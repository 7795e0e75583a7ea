package indicator

import (
	"slices"
	"strings"
)

// Division is a reading of the members of one part of a region.
type Division struct {
	Code  string
	Grade string // "" where nothing is known
	Reading
}

// partOf is the part of a region in which a division lies: the prefecture of a province, the county of a prefecture. "" where the
// division is told no closer than the region itself.
func partOf(division, region string) string {
	if len(division) != 6 || division == region {
		return ""
	}
	if strings.HasSuffix(region, "0000") {
		if division[2:4] == "00" {
			return ""
		}
		return division[:4] + "00"
	}
	return division
}

// PartOf is the part of a region, as its map shows it, in which a division lies; "" where it lies elsewhere or is told no closer than the
// region itself.
func PartOf(division, region string) string {
	if !In(division, region) {
		return ""
	}
	return partOf(division, region)
}

// divisions are the readings of a kind of the accounts of parts, by code.
func divisions(parts map[string]*Account, how string) (out []Division) {
	for code, acc := range parts {
		d := Division{Code: code, Reading: acc.Reading(how)}
		if d.Num != nil {
			d.Grade = acc.Grade().String()
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Division) int { return strings.Compare(a.Code, b.Code) })
	return out
}

// Divisions are how the parts of the region stand in the reading that is compared. A change that is worked out of the region's values
// has none: a part's baseline is not drawn.
func (x *Progress) Divisions() []Division {
	if x.Whole == nil || x.Target.Change() && !x.Whole.Definition.Changes() {
		return nil
	}
	return divisions(x.Whole.Parts, x.Target.Reading)
}
