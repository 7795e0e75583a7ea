package indicator_test

import (
	"io/fs"
	"testing"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/proof"
)

// Whatever is in a file of an operator's own packs, it is read or refused.
func FuzzPacks(f *testing.F) {
	for _, dir := range []string{"indicators/*.yaml", "targets/hn2018.yaml"} {
		for _, name := range proof.Must(fs.Glob(tree, dir)) {
			f.Add(proof.Must(fs.ReadFile(tree, name)))
		}
	}
	for _, s := range []string{"inputs: [{key: a, unit: '1', from: {plant: machines, where: {delivers: []}}}]", "inputs: [{key: a, from: [{awaits: {zh: x}}]}]", "inputs: [{key: a, from: 3}]", "inputs: [{key: a, from: {fact: x, where: {a: {b: c}}}}]", "targets: [{comparator: range, low: '1'}]", "targets: [{baseline: {}}]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := pack.Decode[indicator.Definition]("indicators/x.yaml", data)
		if err == nil {
			_, _ = indicator.NewLibrary([]*indicator.Definition{d}, nil, nil, spoken())
		}
		p, err := pack.Decode[indicator.Policy]("targets/x.yaml", data)
		if err == nil {
			_, _ = indicator.NewLibrary(nil, []*indicator.Policy{p}, nil, spoken())
		}
	})
}
