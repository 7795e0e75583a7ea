package province

import "jingwei/internal/kernel/text"

// Affairs are what has come to pass. Days count from the day of the first start: back where they are negative.
type Affairs struct {
	Checkups Checkups  `yaml:"checkups"`
	Needs    []Need    `yaml:"needs"`
	Contacts []Contact `yaml:"contacts"`
	Event    Event     `yaml:"event"`
	Funds    []Fund    `yaml:"funds"`
	Rounds   []Round   `yaml:"rounds"`
	Support  Support   `yaml:"support"`
	Vouchers []Voucher `yaml:"vouchers"`
	Facts    []Fact    `yaml:"facts"`
	Tasks    []Task    `yaml:"tasks"`
}

// Checkups are the check-ups of all firms with a level.
type Checkups struct {
	Instrument string `yaml:"instrument"`
	Campaign   struct {
		Name   text.Text `yaml:"name"`
		Note   string    `yaml:"note"`
		Closes int       `yaml:"closes"`
		Firms  []string  `yaml:"firms"`
	} `yaml:"campaign"`
	Begun struct {
		Firm      string `yaml:"firm"`
		Questions int    `yaml:"questions"`
	} `yaml:"begun"`
	Expert struct {
		Institute string   `yaml:"institute"`
		Login     string   `yaml:"login"`
		Confirms  []string `yaml:"confirms"`
		Note      string   `yaml:"note"`
	} `yaml:"expert"`
	Gaps struct {
		Firms     []string `yaml:"firms"`
		Questions []string `yaml:"questions"`
	} `yaml:"gaps"`
}

// Need of a firm.
type Need struct {
	Key    string `yaml:"key"`
	Firm   string `yaml:"firm"`
	Kind   string `yaml:"kind"`
	Title  string `yaml:"title"`
	Words  string `yaml:"words"`
	To     int64  `yaml:"to"` // budget, yuan
	Closes int    `yaml:"closes"`
}

// Contact of the firm of a need with the provider of a supply.
type Contact struct {
	Need     string `yaml:"need"`
	Supply   string `yaml:"supply"` // title
	Words    string `yaml:"words"`
	To       string `yaml:"to"` // state that it has reached
	Because  string `yaml:"because"`
	Met      *int   `yaml:"met"`
	Quote    int64  `yaml:"quote"` // yuan
	Contract *struct {
		Number  string `yaml:"number"`
		Signed  int    `yaml:"signed"`
		Due     int    `yaml:"due"`
		Subject string `yaml:"subject"`
	} `yaml:"contract"`
	Delivered int    `yaml:"delivered"`
	Result    string `yaml:"result"`
	Saving    int64  `yaml:"saving"` // yuan a year
	Stars     []int  `yaml:"stars"`  // quality, delivery, service, price
	Rated     string `yaml:"rated"`
}

// Event at which needs and supply meet.
type Event struct {
	Title    string   `yaml:"title"`
	Place    string   `yaml:"place"`
	Words    string   `yaml:"words"`
	Day      int      `yaml:"day"`
	Tables   int      `yaml:"tables"`
	Rounds   int      `yaml:"rounds"`
	Seats    int      `yaml:"seats"`
	Kinds    []string `yaml:"kinds"`
	Needs    []string `yaml:"needs"`    // keys
	Supplies []string `yaml:"supplies"` // titles
}

// Fund with this year's budget.
type Fund struct {
	ID     string    `yaml:"id"`
	Name   text.Text `yaml:"name"`
	Amount int64     `yaml:"amount"` // yuan
	Why    string    `yaml:"why"`
}

// Round of a call for projects.
type Round struct {
	Key          string        `yaml:"key"`
	Call         string        `yaml:"call"`
	Name         text.Text     `yaml:"name"`
	Closes       int           `yaml:"closes"`
	Budget       int64         `yaml:"budget"` // yuan
	Fund         string        `yaml:"fund"`
	Paper        string        `yaml:"paper"` // kind of the paper that an application needs
	Applications []Application `yaml:"applications"`
	To           string        `yaml:"to"` // open or published
}

// Application to a round.
type Application struct {
	Firm    string         `yaml:"firm"`
	Project string         `yaml:"project"`
	Summary string         `yaml:"summary"`
	Content map[string]any `yaml:"content"`
	Points  []int          `yaml:"points"` // by criterion, around which experts judge
	To      string         `yaml:"to"`     // draft, submitted, returned or checked; "" for checked
	Missing string         `yaml:"missing"`
}

// Support asked for by firms.
type Support struct {
	Documents []struct {
		File   string `yaml:"file"`
		Day    string `yaml:"day"`
		Source string `yaml:"source"`
	} `yaml:"documents"`
	Inquiries []Inquiry `yaml:"inquiries"`
}

// Inquiry of a firm, filed for a measure where one is given, awarded where an amount is given.
type Inquiry struct {
	Key     string         `yaml:"key"`
	Firm    string         `yaml:"firm"`
	Name    string         `yaml:"name"`
	Region  string         `yaml:"region"`
	Answers map[string]any `yaml:"answers"`
	Measure string         `yaml:"measure"`
	Award   int64          `yaml:"award"` // yuan
	Paid    []struct {
		Amount int64  `yaml:"amount"` // yuan
		Days   int    `yaml:"days"`
		ID     string `yaml:"id"`
	} `yaml:"paid"`
}

// Voucher of a firm.
type Voucher struct {
	Firm     string `yaml:"firm"`
	Provider string `yaml:"provider"`
	Amount   int64  `yaml:"amount"` // yuan
	Purpose  string `yaml:"purpose"`
	Closes   int    `yaml:"closes"`
	Contract string `yaml:"contract"`
	Delivery string `yaml:"delivery"`
	Reply    string `yaml:"reply"`
	Payment  string `yaml:"payment"`
	Days     int    `yaml:"days"` // of the payment
	To       string `yaml:"to"`   // state that it has reached
}

// Fact of a firm.
type Fact struct {
	Firm    string         `yaml:"firm"`
	Kind    string         `yaml:"kind"`
	Grade   string         `yaml:"grade"`
	Content map[string]any `yaml:"content"` // days of date fields as numbers
}

// Task of the ledger that is under way.
type Task struct {
	ID      string   `yaml:"id"`
	Reports []string `yaml:"reports"`
	Done    string   `yaml:"done"`
}

// names that are shown.
func (a *Affairs) names() (out []text.Text) {
	add := func(zh string) { out = append(out, text.Text{Zh: zh}) }
	out = append(out, a.Checkups.Campaign.Name)
	for _, n := range a.Needs {
		add(n.Title)
	}
	add(a.Event.Title)
	for _, f := range a.Funds {
		out = append(out, f.Name)
	}
	for _, r := range a.Rounds {
		out = append(out, r.Name)
		for _, p := range r.Applications {
			add(p.Project)
		}
	}
	for _, i := range a.Support.Inquiries {
		add(i.Name)
	}
	for _, v := range a.Vouchers {
		add(v.Purpose)
	}
	for _, f := range a.Facts {
		for _, key := range []string{"partyName", "issuer", "auditor"} {
			if s, ok := f.Content[key].(string); ok {
				add(s)
			}
		}
	}
	for _, t := range a.Tasks {
		for _, r := range t.Reports {
			add(r)
		}
	}
	return out
}
