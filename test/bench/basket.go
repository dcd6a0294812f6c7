package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gofrs/uuid/v5"

	"tiem/internal/edge/catalog"
)

const (
	linesASale = 4 // four different items, one of each
	storeID    = "S1"
	cashierID  = "C1"
	milli      = 1000 // thousandths of a unit, as quantities are kept
)

// epoch is when the oldest sale of any history was made; sales follow every
// twenty seconds.
var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

const gap = 20 * time.Second

// basket is sale number n of a series: the same every time it is asked for, so
// that a million of them need no memory.
type basket struct {
	n        int
	id       uuid.UUID
	payment  uuid.UUID
	terminal string
	at       time.Time
	lines    [linesASale]catalog.Row // sorted by item id
	total    int64                   // minor units
}

// series makes baskets out of the goods on the shelf.
type series struct {
	name  uint64 // two series have no id in common
	goods []catalog.Row
	tills int
	from  time.Time
}

func (s series) basket(n int) basket {
	r := rand.New(rand.NewPCG(s.name, uint64(n)))
	b := basket{n: n, at: s.from.Add(time.Duration(n) * gap), terminal: fmt.Sprintf("T%d", n%s.tills+1)}
	b.id, b.payment = idAt(b.at, r), idAt(b.at.Add(time.Second), r)
	first := r.IntN(len(s.goods))
	for i := range b.lines { // different items: steps of a prime around the shelf
		b.lines[i] = s.goods[(first+i*97)%len(s.goods)]
		b.total += int64(b.lines[i].Price)
	}
	slices.SortFunc(b.lines[:], func(x, y catalog.Row) int {
		a, b := catalog.ItemID(x.SKU), catalog.ItemID(y.SKU)
		return slices.Compare(a[:], b[:])
	})
	return b
}

// idAt is a UUIDv7 of that time.
func idAt(at time.Time, r *rand.Rand) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	binary.BigEndian.PutUint16(id[6:], uint16(r.Uint32()))
	ms := uint64(at.UnixMilli())
	binary.BigEndian.PutUint16(id[0:], uint16(ms>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(ms))
	id.SetVersion(uuid.V7)
	id.SetVariant(uuid.VariantRFC9562)
	return id
}
