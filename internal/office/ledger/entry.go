package ledger

import (
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/text"
)

// MaxAmount bounds an amount, in fen: ten trillion yuan.
const MaxAmount = 1_000_000_000_000_000

// Posting is one line of an entry: an amount on one side of one account, in fen.
type Posting struct {
	Account string
	Fund    string
	Year    int
	Debit   int64
	Credit  int64
}

// Entry is a journal entry. It never changes.
type Entry struct {
	ID       uuid.UUID
	Org      uuid.UUID
	Number   int64 // counts up in the book, without gaps
	Act      string
	Ref      string
	Day      string // of the matter
	Fund     string
	Year     int
	Amount   int64 // of one leg; of a journal entry the sum of its debits
	Memo     text.Text
	Why      string
	Document string
	Reverses uuid.UUID
	Reversed uuid.UUID // by which entry; found out when it is read
	By       audit.Actor
	At       int64
	Postings []Posting
}

// Commitment is a promise of money from a budget line to a party.
type Commitment struct {
	Org    uuid.UUID // the organisation that keeps the book
	Fund   string
	Year   int
	Ref    string    // by which the promise is known: a number of an award, of a voucher
	Party  uuid.UUID // to whom
	Amount int64     // fen
	Memo   text.Text
}

// Payment is an order to pay a part of a commitment. The same ID with the same content changes nothing.
type Payment struct {
	ID       string // the reference that the bank statement carries
	Amount   int64  // fen
	On       string // day, yyyy-mm-dd
	Document string // number of the order, or an object's id
}

// Kinds of Recovery.
const (
	Claim   = "claim"   // money that was paid is asked back
	Waive   = "waive"   // a claim, or a part of it, is withdrawn
	Receipt = "receipt" // a claim, or a part of it, was paid
)

// Recovery is a step of a claw-back: claims first, then receipts (or waivers) up to what is claimed.
type Recovery struct {
	Kind     string
	ID       string
	Amount   int64  // fen
	On       string // day
	Document string
	Why      string // reason and clause
}

// Standing is how a commitment stands, in fen.
type Standing struct {
	Fund      string
	Year      int
	Party     uuid.UUID
	Amount    int64 // promised at first
	Released  int64
	Committed int64 // promised and not yet paid
	Paid      int64 // ordered to be paid, before what was recovered
	Claimed   int64 // claimed and not yet received
	Recovered int64
	Free      int64 // in the budget line
}

var (
	refForm  = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}_./:()（）〔〕-]{0,119}$`)
	fundForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

func checkAmount(at string, fen int64) *problem.Error {
	if fen <= 0 || fen > MaxAmount {
		return ErrAmount.At(at, Yuan(fen)).With("max", Yuan(MaxAmount))
	}
	return nil
}

func checkDay(at, day string) *problem.Error {
	if t, err := time.Parse(time.DateOnly, day); err != nil || t.Year() < 1950 || t.Year() > 2200 {
		return ErrDay.At(at, day)
	}
	return nil
}

func checkRef(at, ref string) *problem.Error {
	if !refForm.MatchString(ref) {
		return ErrRef.At(at, ref).With("max", 120)
	}
	return nil
}

func checkWhy(at, why string) *problem.Error {
	if n := len([]rune(why)); n < 3 || n > 2000 {
		return ErrReason.At(at, why).With("min", 3).With("max", 2000)
	}
	return nil
}

// balanced tells whether debits and credits of an entry are equal, over all and in each budget line.
func balanced(list []Posting) error {
	type line struct {
		fund string
		year int
	}
	var debit, credit int64
	sums := map[line]int64{}
	for _, p := range list {
		if p.Debit < 0 || p.Credit < 0 || p.Debit > MaxAmount || p.Credit > MaxAmount || (p.Debit == 0) == (p.Credit == 0) {
			return ErrAmount.At("body.lines", Yuan(p.Debit)+" / "+Yuan(p.Credit)).With("max", Yuan(MaxAmount))
		}
		debit, credit = debit+p.Debit, credit+p.Credit
		sums[line{p.Fund, p.Year}] += p.Debit - p.Credit
	}
	for l, d := range sums {
		if d != 0 {
			return ErrUnbalanced.At("body.lines", fmt.Sprintf("%s %d", l.fund, l.year)).With("debit", Yuan(debit)).With("credit", Yuan(credit))
		}
	}
	return nil
}
