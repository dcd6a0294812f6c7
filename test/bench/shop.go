package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tiem/demo"
	"tiem/internal/edge"
	"tiem/internal/edge/catalog"
	"tiem/internal/edge/edgedb"
	"tiem/internal/edge/staff"
	"tiem/internal/postgres"
)

const tills = 5

// shop is a store edge on a database of its own, with the demo's catalogue.
type shop struct {
	db     *postgres.DB
	app    *edge.App
	goods  []catalog.Row
	tokens [tills]string

	sessions [tills]string // of the one cashier, who is signed in everywhere
}

// openShop makes one. Its log is written as in production, to nowhere.
func openShop(ctx context.Context, s *stage, database string, cfg edge.Config) (*shop, error) {
	db, err := s.database(ctx, database, edgedb.Migrations, postgres.PoolConfig{})
	if err != nil {
		return nil, err
	}
	err = db.InTx(ctx, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := edgedb.New().InsertStore(ctx, tx, storeID, "VND"); err != nil {
			return err
		}
		return edgedb.New().InsertOutboxHead(ctx, tx, storeID)
	})
	if err != nil {
		return nil, err
	}
	cfg.StoreID, cfg.Currency, cfg.Timezone, cfg.DayStart = storeID, "VND", "Asia/Ho_Chi_Minh", "00:00"
	app, err := edge.New(db, cfg, productionLog())
	if err != nil {
		return nil, err
	}
	sh := &shop{db: db, app: app}
	return sh, sh.furnish(ctx)
}

// productionLog is written as in production, and goes nowhere: what a line costs
// is part of what is measured.
func productionLog() *slog.Logger {
	return slog.New(slog.NewJSONHandler(io.Discard, nil)) //nolint:sloglint // DiscardHandler would not even format
}

// furnish loads the catalogue and adds the tills and a cashier.
func (sh *shop) furnish(ctx context.Context) error {
	codes, err := sh.app.Loader.TaxCodes(ctx)
	if err != nil {
		return err
	}
	if sh.goods, err = demoGoods(codes); err != nil {
		return err
	}
	if _, err := sh.app.Loader.Load(ctx, sh.goods, false); err != nil {
		return err
	}
	for i := range sh.tokens {
		if sh.tokens[i], err = sh.app.Terminals.Add(ctx, fmt.Sprintf("T%d", i+1), "", false); err != nil {
			return err
		}
	}
	pin, err := sh.app.People.Add(ctx, cashierID, "Lan", staff.Cashier)
	if err != nil {
		return err
	}
	for i := range sh.sessions {
		if sh.sessions[i], _, err = sh.app.Sessions.Open(ctx, fmt.Sprintf("T%d", i+1), cashierID, pin); err != nil {
			return err
		}
	}
	return nil
}

// demoGoods is the demo's catalogue.
func demoGoods(taxCodes []string) ([]catalog.Row, error) {
	goods, _, err := catalog.ReadCSV(bytes.NewReader(demo.Catalogue), taxCodes)
	return goods, err
}

// drafts are baskets that are scanned and paid in cash, and wait for finalize.
func (sh *shop) drafts(ctx context.Context, s series, from, n int) error {
	return loadSales(ctx, sh.db, s, from, n, false)
}

// loadSales writes sales by COPY, past the triggers that guard single changes:
// drafts that are paid in cash, or history.
func loadSales(ctx context.Context, db *postgres.DB, s series, from, n int, paid bool) error {
	return db.Pool().AcquireFunc(ctx, unguarded(ctx, func(conn *pgx.Conn) error {
		for _, t := range edgeTables(paid) {
			if err := copyRows(ctx, conn, s, from, n, t); err != nil {
				return err
			}
		}
		return nil
	}))
}

// table is how sales become rows of one table.
type table struct {
	name    string
	columns []string
	rows    func(b *basket, n int, add func(row ...any))
}

// copyRows copies the sales' rows of one table.
func copyRows(ctx context.Context, conn *pgx.Conn, s series, from, n int, t table) error {
	var queue [][]any
	at := from
	next := func() ([]any, error) {
		for len(queue) == 0 {
			if at == from+n {
				return nil, nil
			}
			b := s.basket(at)
			t.rows(&b, at, func(row ...any) { queue = append(queue, row) })
			at++
		}
		row := queue[0]
		queue = queue[1:]
		return row, nil
	}
	_, err := conn.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(next))
	if err != nil {
		return fmt.Errorf("copying %s: %w", t.name, err)
	}
	return nil
}

func edgeTables(paid bool) []table {
	sale := table{name: "transactions", columns: []string{"id", "store_id", "terminal_id", "cashier_id", "status", "currency", "version", "last_line_no",
		"created_at", "updated_at", "finalized_at", "business_date", "receipt_seq", "receipt_no", "gross", "discount", "tax", "total", "tax_lines", "opened_by"},
		rows: func(b *basket, n int, add func(...any)) {
			row := []any{b.id, storeID, b.terminal, cashierID, "DRAFT", "VND", 6, linesASale, b.at, b.at, nil, nil, nil, nil, nil, nil, nil, nil, nil, cashierID}
			if paid {
				seq := int64(n/tills + 1)
				copy(row[9:], []any{b.at, b.at, b.at, seq, receiptNo(b.terminal, seq), b.total, int64(0), b.total / 10, b.total, []byte("[]")})
				row[4] = "PAID"
			}
			add(row...)
		}}
	lines := table{name: "line_items", columns: []string{"transaction_id", "line_no", "store_id", "terminal_id", "cashier_id", "item_id", "sku", "name", "unit",
		"category", "barcode", "age_restricted", "quantity_milli", "unit_price", "gross", "tax_code", "added_at"},
		rows: func(b *basket, _ int, add func(...any)) {
			for i := range b.lines {
				l := &b.lines[i]
				add(b.id, i+1, storeID, b.terminal, cashierID, catalog.ItemID(l.SKU), l.SKU, l.Name, l.Unit, l.Category, barcodeOf(l), l.AgeRestricted,
					int64(milli), int64(l.Price), int64(l.Price), l.TaxCode, b.at)
			}
		}}
	payments := table{name: "payments", columns: []string{"id", "transaction_id", "store_id", "terminal_id", "cashier_id", "method", "status", "amount",
		"tendered", "created_at", "updated_at", "captured_at"},
		rows: func(b *basket, _ int, add func(...any)) {
			add(b.payment, b.id, storeID, b.terminal, cashierID, "CASH", "CAPTURED", b.total, b.total, b.at, b.at, b.at)
		}}
	return []table{sale, lines, payments}
}

func receiptNo(terminal string, seq int64) string {
	return fmt.Sprintf("%s-%s-%07d", storeID, terminal, seq)
}

func barcodeOf(r *catalog.Row) any {
	if len(r.Barcodes) == 0 {
		return nil
	}
	return r.Barcodes[0]
}

// unguarded runs f on a connection on which triggers and foreign keys sleep.
func unguarded(ctx context.Context, f func(conn *pgx.Conn) error) func(*pgxpool.Conn) error {
	return func(c *pgxpool.Conn) error {
		if _, err := c.Exec(ctx, "set session_replication_role = replica; set statement_timeout = 0"); err != nil {
			return err
		}
		err := f(c.Conn())
		if _, resetErr := c.Exec(ctx, "reset session_replication_role; reset statement_timeout"); err == nil {
			err = resetErr
		}
		return err
	}
}

// settle lets PostgreSQL catch up before a contest, so that neither side pays
// for what was loaded.
func settle(ctx context.Context, db *postgres.DB) error {
	return db.Pool().AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		for _, sql := range []string{"set statement_timeout = 0", "vacuum analyze", "checkpoint", "reset statement_timeout"} {
			if _, err := c.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
}
