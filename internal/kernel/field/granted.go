package field

import "slices"

// Granted is the part of a record that a grant shows: the fields that it names, and with all those that are not restricted. base is
// the class of fields that name none.
func (s Schema) Granted(r Record, base Class, named []string, all bool) Record {
	out := Record{}
	if all {
		out = s.Visible(r, base, Internal)
	}
	for key, v := range r {
		if slices.Contains(named, key) {
			out[key] = v
		}
	}
	return out
}
