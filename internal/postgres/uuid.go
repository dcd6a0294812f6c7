package postgres

import (
	"github.com/gofrs/uuid/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// UUIDs travel as their 16 bytes. Left to itself, pgx would see a
// driver.Valuer, try three ways of sending it as text first, and fail at each:
// that was a fifth of the processor time of a finalize.

// registerUUID teaches m the module's UUID type, alone and in arrays.
func registerUUID(m *pgtype.Map) {
	m.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{wrapUUIDForEncoding}, m.TryWrapEncodePlanFuncs...)
	m.TryWrapScanPlanFuncs = append([]pgtype.TryWrapScanPlanFunc{wrapUUIDForScanning}, m.TryWrapScanPlanFuncs...)
	m.RegisterDefaultPgType(uuid.UUID{}, "uuid")
	m.RegisterDefaultPgType([]uuid.UUID{}, "_uuid")
}

// uuidBytes is a UUID as pgtype's codec of the same name takes and gives it.
//
//nolint:recvcheck // pgtype wants UUIDValue of a value and ScanUUID of what it fills
type uuidBytes uuid.UUID

// UUIDValue implements pgtype.UUIDValuer.
func (u uuidBytes) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: u, Valid: true}, nil }

// ScanUUID implements pgtype.UUIDScanner; NULL becomes the nil UUID. (What may
// be NULL is read into a *uuid.UUID, which pgx leaves nil.)
func (u *uuidBytes) ScanUUID(v pgtype.UUID) error {
	*u = v.Bytes
	return nil
}

func wrapUUIDForEncoding(value any) (pgtype.WrappedEncodePlanNextSetter, any, bool) {
	switch v := value.(type) {
	case uuid.UUID:
		return &encodeUUID{}, uuidBytes(v), true
	case []uuid.UUID:
		return &encodeUUIDs{}, pgtype.FlatArray[uuid.UUID](v), true
	}
	return nil, nil, false
}

type encodeUUID struct{ next pgtype.EncodePlan }

func (p *encodeUUID) SetNext(next pgtype.EncodePlan) { p.next = next }

func (p *encodeUUID) Encode(value any, buf []byte) ([]byte, error) {
	return p.next.Encode(uuidBytes(value.(uuid.UUID)), buf) //nolint:forcetypeassert // it was wrapped for this type
}

type encodeUUIDs struct{ next pgtype.EncodePlan }

func (p *encodeUUIDs) SetNext(next pgtype.EncodePlan) { p.next = next }

func (p *encodeUUIDs) Encode(value any, buf []byte) ([]byte, error) {
	return p.next.Encode(pgtype.FlatArray[uuid.UUID](value.([]uuid.UUID)), buf) //nolint:forcetypeassert // it was wrapped for this type
}

func wrapUUIDForScanning(target any) (pgtype.WrappedScanPlanNextSetter, any, bool) {
	if u, ok := target.(*uuid.UUID); ok {
		return &scanUUID{}, (*uuidBytes)(u), true
	}
	return nil, nil, false
}

type scanUUID struct{ next pgtype.ScanPlan }

func (p *scanUUID) SetNext(next pgtype.ScanPlan) { p.next = next }

func (p *scanUUID) Scan(src []byte, dst any) error {
	return p.next.Scan(src, (*uuidBytes)(dst.(*uuid.UUID))) //nolint:forcetypeassert // it was wrapped for this type
}
