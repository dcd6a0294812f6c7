package checkout

import (
	"sync"
	"time"

	"tiem/internal/edge/edgedb"
	"tiem/internal/pricing"
)

// ratesKept is how long the tax rates are remembered. They change by migration
// only, and a change is in the table long before the day from which it holds;
// this bounds how late a correction made in the database by hand is noticed.
const ratesKept = time.Minute

// rateCache remembers the table of tax rates, so that not every sale reads it
// again. Its zero value is empty.
type rateCache struct {
	mu     sync.Mutex
	table  pricing.RateTable
	readAt time.Time
}

// known is the table; nil if it has to be read.
func (c *rateCache) known() pricing.RateTable {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.readAt) >= ratesKept {
		return nil
	}
	return c.table
}

// learn remembers what was just read.
func (c *rateCache) learn(rows []edgedb.AllRatesRow) pricing.RateTable {
	table := make(pricing.RateTable, len(rows))
	for i, r := range rows {
		table[i] = pricing.DatedRate{TaxCode: r.TaxCode, ValidFrom: r.ValidFrom.Format(time.DateOnly), RateBP: r.RateBp}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.table, c.readAt = table, time.Now()
	return table
}
