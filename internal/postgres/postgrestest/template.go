//go:build unix

package postgrestest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"sync"

	"tiem/internal/postgres"
)

// template is a migrated database that tests clone; nobody else connects to it.
type template struct {
	once sync.Once
	err  error
}

// template returns the name of the database migrated with migrations, and makes
// it if this is the first test that asks.
func (i *instance) template(ctx context.Context, migrations fs.FS) (string, error) {
	if migrations == nil {
		return "template0", nil
	}
	sum, err := hashFiles(migrations)
	if err != nil {
		return "", err
	}
	name := "template_" + sum
	i.mu.Lock()
	t, ok := i.templates[name]
	if !ok {
		t = &template{}
		i.templates[name] = t
	}
	i.mu.Unlock()
	t.once.Do(func() {
		if t.err = i.exec(ctx, "create database "+name+" strategy wal_log"); t.err == nil {
			t.err = postgres.Migrate(ctx, i.url(name), migrations)
		}
	})
	return name, t.err
}

// hashFiles is a short hash of the names and contents of all files.
func hashFiles(files fs.FS) (string, error) {
	hash := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		fmt.Fprintf(hash, "%q %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(hash.Sum(nil)[:8]), err
}
