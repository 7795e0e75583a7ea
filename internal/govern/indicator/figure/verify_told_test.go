package figure

import (
	"encoding/json"
	"strings"
	"testing"

	"jingwei/internal/kernel/proof"
)

// Who asks for a pack through an agreement has been told who counts by code, and gets no more: names, places and sizes stay with the node
// that keeps the register. A code that is left out, or another one, is told.
func TestAPackTellsOthersNoMoreThanCodes(t *testing.T) {
	w, _ := newProvable(t)
	b := proof.Must(w.pack(w.province, GradeRecomputed))
	p := proof.Must(readPack(b))
	if own := proof.Must(DecodePopulation(proof.Must(p.blob(p.m.Population, "")))); p.m.Told || own.Hash() != proof.Must(DecodeFigure(proof.Must(p.blob(p.m.Body, "")))).Population {
		t.Errorf("the keeper's own pack has %+v", own)
	}
	below := p.m.Parts[0].Below
	city := proof.Must(readPack(proof.Must(p.blob(below, ""))))
	told := proof.Must(DecodePopulation(proof.Must(city.blob(city.m.Population, ""))))
	if !city.m.Told || len(told.Members) != 4 {
		t.Fatalf("%+v", told)
	}
	for _, m := range told.Members {
		if m.Name+m.Region+m.Size+m.Industry+m.Cluster != "" {
			t.Errorf("of %s more than its code is told: %+v", m.Code, m)
		}
	}
	v := proof.Must(VerifyPack(b, w.trusted()...))
	if v.Grade != Recomputed || !strings.Contains(v.String(), "is the node's word") {
		t.Error(v)
	}
	for name, change := range map[string]func(*Population){
		"left out": func(p *Population) { p.Members = p.Members[1:] },
		"another":  func(p *Population) { p.Members[0].Code = "91430000MA0000000X" },
	} {
		other := *told
		other.Members = append(other.Members[:0:0], told.Members...)
		change(&other)
		forged := other.Encode()
		inner := repack(t, proof.Must(p.blob(below, "")), func(name string, b []byte) (string, []byte) {
			switch name {
			case blobFolder + city.m.Population:
				return blobFolder + Sum(forged).String(), forged
			case manifestName:
				var m manifest
				if err := json.Unmarshal(b, &m); err != nil {
					t.Fatal(err)
				}
				m.Population = Sum(forged).String()
				b = proof.Must(json.Marshal(m))
			}
			return name, b
		})
		v := proof.Must(VerifyPack(repack(t, b, func(name string, b []byte) (string, []byte) {
			switch name {
			case blobFolder + below:
				return blobFolder + Sum(inner).String(), inner
			case manifestName:
				b = []byte(strings.ReplaceAll(string(b), below, Sum(inner).String()))
			}
			return name, b
		}), w.trusted()...))
		if v.Grade != Wrong && (len(v.Below) == 0 || v.Below[0].Grade != Wrong) {
			t.Errorf("a code is %s: %v", name, v)
		}
	}
}
