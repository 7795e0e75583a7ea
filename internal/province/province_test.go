package province

import (
	"strings"
	"testing"

	"jingwei/internal/kernel/proof"
)

func TestWhatCouldBeTakenForRealIsRefused(t *testing.T) {
	for want, spoil := range map[string]func(*Province){
		"榆浦晴禾电器有限公司":                     func(p *Province) { p.Firms[0].Name.Zh = "榆浦晴禾电器有限公司" },
		"Yupu Qinghe Appliances":         func(p *Province) { p.Firms[0].Name.En = "Yupu Qinghe Appliances" },
		"周亦澄":                            func(p *Province) { p.Firms[0].Rep = "周亦澄" },
		"注塑机联网采集方案":                      func(p *Province) { p.Providers[0].Supply[0].Title = "注塑机联网采集方案" },
		"整车厂":                            func(p *Province) { p.Affairs.Facts[0].Content["partyName"] = "整车厂" },
		"division":                       func(p *Province) { p.Divisions[0].Code = "430000" },
		"for exampl":                     func(p *Province) { p.Firms[0].Code = "91440101MA0TEXT12H" },
		"credit code 91990100MADEM0011R": func(p *Province) { p.Firms[0].Code = "91990100MADEM0011R" },
	} {
		p := proof.Must(Load())
		spoil(p)
		if err := p.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestAffairsNameWhatIsThere(t *testing.T) {
	p := proof.Must(Load())
	firms, providers, titles, needs := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	trades := map[string]int{} // firms that are checked up
	for _, f := range p.Firms {
		if firms[f.Key] = f.Door == ""; f.Level != nil {
			trades[f.Industry[:2]]++
		}
	}
	for _, x := range p.Providers {
		providers[x.Key] = true
		for _, s := range x.Supply {
			if titles[s.Title] {
				t.Errorf("two supplies are called %s", s.Title)
			}
			titles[s.Title] = s.State == ""
		}
	}
	for _, n := range p.Affairs.Needs {
		if needs[n.Key] = true; !firms[n.Firm] {
			t.Errorf("need %s is of no firm that has joined: %s", n.Key, n.Firm)
		}
	}
	for _, c := range p.Affairs.Contacts {
		if !needs[c.Need] || !titles[c.Supply] {
			t.Errorf("contact of need %s with %s", c.Need, c.Supply)
		}
	}
	for _, v := range p.Affairs.Vouchers {
		if !firms[v.Firm] || v.Provider != "" && !providers[v.Provider] {
			t.Errorf("voucher of %s with %s", v.Firm, v.Provider)
		}
	}
	for _, trade := range []string{"38", "36", "30", "17"} {
		if trades[trade] < 5 {
			t.Errorf("%d firms of trade %s are checked up: too few for a benchmark", trades[trade], trade)
		}
	}
}
