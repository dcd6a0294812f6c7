package sim

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/fault"
	"tiem/internal/money"
	"tiem/internal/sale"
)

// Pick is one item that a shopper takes from the shelf.
type Pick struct {
	ItemID   uuid.UUID
	Barcode  string // empty: the cashier chooses the item on the screen
	Quantity sale.Quantity
}

// Edit is a change of mind about a line, after everything was scanned.
type Edit struct {
	Line     int // index into the visit's picks
	Remove   bool
	Quantity sale.Quantity // unless Remove
}

// Probe is a mistake that a till makes on purpose, to see that it is harmless
// (invariant B).
type Probe string

// The probes.
const (
	NoProbe       Probe = ""
	OpenTwice     Probe = "open twice"     // the same id and key, then the same id with a new key
	ScanTwice     Probe = "scan twice"     // the same key: one line
	ScanOther     Probe = "scan other"     // the same key with another quantity: 409
	PayTwice      Probe = "pay twice"      // the same payment id: one payment
	FinalizeTwice Probe = "finalize twice" // the same key, then a new one: the same receipt
	VoidPaid      Probe = "void paid"      // a paid sale never changes: 409
)

// probes are those that a shopper may bring.
var probes = []Probe{OpenTwice, ScanTwice, ScanOther, PayTwice, FinalizeTwice, VoidPaid}

// Way is how a shopper pays.
type Way string

// The ways.
const (
	CashExact Way = "cash exact"
	CashNotes Way = "cash notes" // rounded up to a note, with change
	ByQR      Way = "qr"
	CashAndQR Way = "cash and qr"
	TwoNotes  Way = "cash twice" // two people, each with a note
)

// Visit is one shopper's plan. It depends on the seed and the catalogue alone,
// not on what the shop answers.
type Visit struct {
	Picks   []Pick
	Edits   []Edit
	Favours []Favour // behind the edits
	Pause   Pause
	GivesUp bool // leaves without buying: the basket is voided
	Way     Way
	Note    money.Amount // to round up to, minor units
	Share   int          // of the total that the first of two payments takes, per mille
	Probe   Probe
}

// notes are Vietnam's, in đồng.
var notes = []money.Amount{1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000}

// Shopper is an endless row of visits to one till. It is not safe for concurrent use.
type Shopper struct {
	random *rand.Rand
	items  []Item
	shelf  *rand.Zipf // popular items first: tills compete for their stock
}

// NewShopper returns the visits of a seed to till number till. The same seed,
// till and items give the same visits, in whatever order the items come.
func NewShopper(seed uint64, till int, items []Item) (*Shopper, error) {
	if len(items) == 0 {
		return nil, fault.New(fault.Config, "catalogue_empty", "the store sells nothing").
			Advise("load a catalogue first: store-edge seed --file demo/catalogue.csv")
	}
	items = slices.SortedFunc(slices.Values(items), func(a, b Item) int { return cmp.Compare(a.SKU, b.SKU) })
	// The shelf is the seed's, the same for every till.
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	random := rand.New(rand.NewPCG(seed, uint64(till)+1))
	return &Shopper{random: random, items: items, shelf: rand.NewZipf(random, 1.2, 4, uint64(len(items)-1))}, nil
}

// Next is the next visit.
func (s *Shopper) Next() Visit {
	v := Visit{Picks: make([]Pick, s.basketSize())}
	for i := range v.Picks {
		v.Picks[i] = s.pick()
	}
	v.Edits = s.edits(len(v.Picks))
	v.Favours = s.favours(v.Edits, len(v.Picks))
	v.Pause = s.pause()
	v.GivesUp = s.chance(30)
	v.Way, v.Note, v.Share = s.way(), notes[s.random.IntN(len(notes))], 100+s.random.IntN(800)
	if s.chance(80) {
		v.Probe = probes[s.random.IntN(len(probes))]
	}
	return v
}

// chance is true so many times of a thousand.
func (s *Shopper) chance(perMille int) bool { return s.random.IntN(1000) < perMille }

// basketSize is mostly 2 or 3, with a long tail up to 15.
func (s *Shopper) basketSize() int {
	switch n := s.random.IntN(100); {
	case n < 15:
		return 1
	case n < 50:
		return 2
	case n < 75:
		return 3
	}
	size := 4
	for size < 15 && s.chance(700) {
		size++
	}
	return size
}

func (s *Shopper) pick() Pick {
	item := s.items[s.shelf.Uint64()]
	p := Pick{ItemID: item.ItemID, Quantity: s.quantity(item.Unit)}
	if len(item.Barcodes) > 0 && !s.chance(100) { // some codes do not scan
		p.Barcode = item.Barcodes[s.random.IntN(len(item.Barcodes))]
	}
	return p
}

// quantity is mostly one; what is weighed is mostly no round number.
func (s *Shopper) quantity(unit string) sale.Quantity {
	switch {
	case unit == "kg" && s.chance(500):
		return 355
	case unit == "kg":
		return sale.Quantity(50 + s.random.IntN(2950))
	case s.chance(150):
		return sale.One * sale.Quantity(2+s.random.IntN(5))
	}
	return sale.One
}

// edits change or remove lines now and then, but never all of them.
func (s *Shopper) edits(lines int) []Edit {
	var edits []Edit
	left := lines
	for line := range lines {
		switch {
		case s.chance(30) && left > 1:
			edits = append(edits, Edit{Line: line, Remove: true})
			left--
		case s.chance(60):
			edits = append(edits, Edit{Line: line, Quantity: sale.One * sale.Quantity(1+s.random.IntN(4))})
		}
	}
	return edits
}

func (s *Shopper) way() Way {
	switch n := s.random.IntN(100); {
	case n < 20:
		return CashExact
	case n < 60:
		return CashNotes
	case n < 85:
		return ByQR
	case n < 93:
		return CashAndQR
	default:
		return TwoNotes
	}
}

// tenders are the payments of a visit for what is due; none if nothing is. The
// ids are the till's.
func (v Visit) tenders(due money.Amount) []sale.Tender {
	first := max(1, due*money.Amount(v.Share)/1000)
	switch {
	case due <= 0:
		return nil
	case v.Way == CashNotes:
		return []sale.Tender{v.notes(due)}
	case v.Way == ByQR:
		return []sale.Tender{qr(due)}
	case v.Way == CashAndQR && first < due:
		return []sale.Tender{{ID: newID(), Method: sale.Cash, Amount: first}, qr(due - first)}
	case v.Way == TwoNotes && first < due:
		return []sale.Tender{v.notes(first), v.notes(due - first)}
	}
	return []sale.Tender{{ID: newID(), Method: sale.Cash, Amount: due}}
}

// notes pays amount in cash, rounded up to whole notes of the visit's kind.
func (v Visit) notes(amount money.Amount) sale.Tender {
	tendered := (amount + v.Note - 1) / v.Note * v.Note
	return sale.Tender{ID: newID(), Method: sale.Cash, Amount: amount, Tendered: tendered}
}

func qr(amount money.Amount) sale.Tender {
	return sale.Tender{ID: newID(), Method: sale.QR, Provider: "fake", Amount: amount}
}
