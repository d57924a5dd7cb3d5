//! All functions, by name.

use super::Function;

#[path = "abs.rs"]
pub(crate) mod abs_;
#[path = "add_days.rs"]
pub(crate) mod add_days_;
#[path = "all.rs"]
pub(crate) mod all_;
#[path = "allocate.rs"]
pub(crate) mod allocate_;
#[path = "amount.rs"]
pub(crate) mod amount_;
#[path = "any.rs"]
pub(crate) mod any_;
#[path = "attribute.rs"]
pub(crate) mod attribute_;
#[path = "blank.rs"]
pub(crate) mod blank_;
#[path = "capitalise.rs"]
pub(crate) mod capitalise_;
#[path = "ceiling.rs"]
pub(crate) mod ceiling_;
#[path = "chunk.rs"]
pub(crate) mod chunk_;
#[path = "concat.rs"]
pub(crate) mod concat_;
#[path = "contains.rs"]
pub(crate) mod contains_;
#[path = "count.rs"]
pub(crate) mod count_;
#[path = "country.rs"]
pub(crate) mod country_;
#[path = "currency.rs"]
pub(crate) mod currency_;
#[path = "currency_of.rs"]
pub(crate) mod currency_of_;
#[path = "date.rs"]
pub(crate) mod date_;
#[path = "days_between.rs"]
pub(crate) mod days_between_;
#[path = "digits.rs"]
pub(crate) mod digits_;
#[path = "distinct.rs"]
pub(crate) mod distinct_;
#[path = "div.rs"]
pub(crate) mod div_;
#[path = "drop.rs"]
pub(crate) mod drop_;
#[path = "drop_prefix.rs"]
pub(crate) mod drop_prefix_;
#[path = "drop_suffix.rs"]
pub(crate) mod drop_suffix_;
#[path = "duration.rs"]
pub(crate) mod duration_;
#[path = "email.rs"]
pub(crate) mod email_;
#[path = "ends_with.rs"]
pub(crate) mod ends_with_;
#[path = "fail.rs"]
pub(crate) mod fail_;
#[path = "filter.rs"]
pub(crate) mod filter_;
#[path = "find.rs"]
pub(crate) mod find_;
#[path = "first.rs"]
pub(crate) mod first_;
#[path = "flat_map.rs"]
pub(crate) mod flat_map_;
#[path = "floor.rs"]
pub(crate) mod floor_;
#[path = "format_date.rs"]
pub(crate) mod format_date_;
#[path = "format_datetime.rs"]
pub(crate) mod format_datetime_;
#[path = "gross.rs"]
pub(crate) mod gross_;
#[path = "group_by.rs"]
pub(crate) mod group_by_;
#[path = "has.rs"]
pub(crate) mod has_;
#[path = "iban.rs"]
pub(crate) mod iban_;
#[path = "in_eu.rs"]
pub(crate) mod in_eu_;
#[path = "index_by.rs"]
pub(crate) mod index_by_;
#[path = "int.rs"]
pub(crate) mod int_;
#[path = "is_private.rs"]
pub(crate) mod is_private_;
#[path = "is_whole.rs"]
pub(crate) mod is_whole_;
#[path = "join.rs"]
pub(crate) mod join_;
#[path = "keep_chars.rs"]
pub(crate) mod keep_chars_;
#[path = "keys.rs"]
pub(crate) mod keys_;
#[path = "last.rs"]
pub(crate) mod last_;
#[path = "length.rs"]
pub(crate) mod length_;
#[path = "lines.rs"]
pub(crate) mod lines_;
#[path = "lookup.rs"]
pub(crate) mod lookup_;
#[path = "lower.rs"]
pub(crate) mod lower_;
#[path = "luhn.rs"]
pub(crate) mod luhn_;
#[path = "map.rs"]
pub(crate) mod map_;
#[path = "match_text.rs"]
pub(crate) mod match_text_;
#[path = "matches.rs"]
pub(crate) mod matches_;
#[path = "max.rs"]
pub(crate) mod max_;
#[path = "merge.rs"]
pub(crate) mod merge_;
#[path = "metafield.rs"]
pub(crate) mod metafield_;
#[path = "min.rs"]
pub(crate) mod min_;
#[path = "minor_digits.rs"]
pub(crate) mod minor_digits_;
#[path = "money.rs"]
pub(crate) mod money_;
#[path = "month.rs"]
pub(crate) mod month_;
#[path = "net.rs"]
pub(crate) mod net_;
#[path = "number.rs"]
pub(crate) mod number_;
#[path = "orgnr_se.rs"]
pub(crate) mod orgnr_se_;
#[path = "pad_left.rs"]
pub(crate) mod pad_left_;
#[path = "pad_right.rs"]
pub(crate) mod pad_right_;
#[path = "parse_date.rs"]
pub(crate) mod parse_date_;
#[path = "parse_datetime.rs"]
pub(crate) mod parse_datetime_;
#[path = "parse_number.rs"]
pub(crate) mod parse_number_;
#[path = "plain_number.rs"]
pub(crate) mod plain_number_;
#[path = "present.rs"]
pub(crate) mod present_;
#[path = "range.rs"]
pub(crate) mod range_;
#[path = "ref.rs"]
pub(crate) mod ref_;
#[path = "refs.rs"]
pub(crate) mod refs_;
#[path = "replace.rs"]
pub(crate) mod replace_;
#[path = "reverse.rs"]
pub(crate) mod reverse_;
#[path = "round.rs"]
pub(crate) mod round_;
#[path = "rounding_row.rs"]
pub(crate) mod rounding_row_;
#[path = "scale.rs"]
pub(crate) mod scale_;
#[path = "script.rs"]
pub(crate) mod script_;
#[path = "sent.rs"]
pub(crate) mod sent_;
#[path = "setting.rs"]
pub(crate) mod setting_;
#[path = "single.rs"]
pub(crate) mod single_;
#[path = "skip.rs"]
pub(crate) mod skip_;
#[path = "sort_by.rs"]
pub(crate) mod sort_by_;
#[path = "split.rs"]
pub(crate) mod split_;
#[path = "squeeze.rs"]
pub(crate) mod squeeze_;
#[path = "started_at.rs"]
pub(crate) mod started_at_;
#[path = "starts_with.rs"]
pub(crate) mod starts_with_;
#[path = "sum.rs"]
pub(crate) mod sum_;
#[path = "take.rs"]
pub(crate) mod take_;
#[path = "text.rs"]
pub(crate) mod text_;
#[path = "trim.rs"]
pub(crate) mod trim_;
#[path = "truncate.rs"]
pub(crate) mod truncate_;
#[path = "unit_price.rs"]
pub(crate) mod unit_price_;
#[path = "upper.rs"]
pub(crate) mod upper_;
#[path = "values.rs"]
pub(crate) mod values_;
#[path = "vat_id.rs"]
pub(crate) mod vat_id_;
#[path = "vat_part.rs"]
pub(crate) mod vat_part_;
#[path = "warn.rs"]
pub(crate) mod warn_;
#[path = "year.rs"]
pub(crate) mod year_;
#[path = "zip.rs"]
pub(crate) mod zip_;

/// Every function of the language, sorted by name.
pub static ALL: &[&Function] = &[
    &abs_::FUNCTION,
    &add_days_::FUNCTION,
    &all_::FUNCTION,
    &allocate_::FUNCTION,
    &amount_::FUNCTION,
    &any_::FUNCTION,
    &attribute_::FUNCTION,
    &blank_::FUNCTION,
    &capitalise_::FUNCTION,
    &ceiling_::FUNCTION,
    &chunk_::FUNCTION,
    &concat_::FUNCTION,
    &contains_::FUNCTION,
    &count_::FUNCTION,
    &country_::FUNCTION,
    &currency_::FUNCTION,
    &currency_of_::FUNCTION,
    &date_::FUNCTION,
    &days_between_::FUNCTION,
    &digits_::FUNCTION,
    &distinct_::FUNCTION,
    &div_::FUNCTION,
    &drop_::FUNCTION,
    &drop_prefix_::FUNCTION,
    &drop_suffix_::FUNCTION,
    &duration_::FUNCTION,
    &email_::FUNCTION,
    &ends_with_::FUNCTION,
    &fail_::FUNCTION,
    &filter_::FUNCTION,
    &find_::FUNCTION,
    &first_::FUNCTION,
    &flat_map_::FUNCTION,
    &floor_::FUNCTION,
    &format_date_::FUNCTION,
    &format_datetime_::FUNCTION,
    &gross_::FUNCTION,
    &group_by_::FUNCTION,
    &has_::FUNCTION,
    &iban_::FUNCTION,
    &in_eu_::FUNCTION,
    &index_by_::FUNCTION,
    &int_::FUNCTION,
    &is_private_::FUNCTION,
    &is_whole_::FUNCTION,
    &join_::FUNCTION,
    &keep_chars_::FUNCTION,
    &keys_::FUNCTION,
    &last_::FUNCTION,
    &length_::FUNCTION,
    &lines_::FUNCTION,
    &lookup_::FUNCTION,
    &lower_::FUNCTION,
    &luhn_::FUNCTION,
    &map_::FUNCTION,
    &match_text_::FUNCTION,
    &matches_::FUNCTION,
    &max_::FUNCTION,
    &merge_::FUNCTION,
    &metafield_::FUNCTION,
    &min_::FUNCTION,
    &minor_digits_::FUNCTION,
    &money_::FUNCTION,
    &month_::FUNCTION,
    &net_::FUNCTION,
    &number_::FUNCTION,
    &orgnr_se_::FUNCTION,
    &pad_left_::FUNCTION,
    &pad_right_::FUNCTION,
    &parse_date_::FUNCTION,
    &parse_datetime_::FUNCTION,
    &parse_number_::FUNCTION,
    &plain_number_::FUNCTION,
    &present_::FUNCTION,
    &range_::FUNCTION,
    &ref_::FUNCTION,
    &refs_::FUNCTION,
    &replace_::FUNCTION,
    &reverse_::FUNCTION,
    &round_::FUNCTION,
    &rounding_row_::FUNCTION,
    &scale_::FUNCTION,
    &script_::FUNCTION,
    &sent_::FUNCTION,
    &setting_::FUNCTION,
    &single_::FUNCTION,
    &skip_::FUNCTION,
    &sort_by_::FUNCTION,
    &split_::FUNCTION,
    &squeeze_::FUNCTION,
    &started_at_::FUNCTION,
    &starts_with_::FUNCTION,
    &sum_::FUNCTION,
    &take_::FUNCTION,
    &text_::FUNCTION,
    &trim_::FUNCTION,
    &truncate_::FUNCTION,
    &unit_price_::FUNCTION,
    &upper_::FUNCTION,
    &values_::FUNCTION,
    &vat_id_::FUNCTION,
    &vat_part_::FUNCTION,
    &warn_::FUNCTION,
    &year_::FUNCTION,
    &zip_::FUNCTION,
];
