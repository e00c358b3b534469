"""The world of the demo as data. Companies, people, systems and records are all invented.

Comments and files name a supplier's systems by placeholders, so that no two suppliers say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Stage = Literal["prospective", "sent", "answering", "submitted", "in_review", "closed"]

SPONSOR = "Asteria Therapeutics"
SECURITY_CONTACT = "security@asteria.example"
PASSWORD = "granite-otter-42-lantern"  # noqa: S105  # printed on purpose: the demo holds nothing real
ADMIN = "rowan.adeyemi@asteria.example"
QA = "ines.falk@asteria.example"
KNOWN_STAFF, KNOWN_SIGNERS = "Employment contract and company badge", "Met in person at our last audit"
STAFF = (
    (ADMIN, "Rowan Adeyemi", "Quality Systems Administrator", "admin"),
    (QA, "Ines Falk", "Head of Supplier Quality", "qa"),
    ("marcus.thiele@asteria.example", "Marcus Thiele", "Vice President, Quality", "approver"),
    ("priya.nambiar@asteria.example", "Priya Nambiar", "External Manufacturing Lead", "viewer"),
    ("jo.lindqvist@asteria.example", "Jo Lindqvist", "Internal Auditor", "auditor"),
)


@dataclass(frozen=True)
class Systems:
    """Name a supplier's systems as its people name them, and the prefix of its procedures."""

    mes: str
    lims: str
    cds: str
    qms: str
    erp: str
    historian: str
    sop: str


@dataclass(frozen=True)
class Told:
    """Tell one supplier: profile, contact, how far its assessment is, and where its answers differ."""

    name: str
    services: str
    sites: tuple[tuple[str, str, str], ...]  # name, country, what is done there
    contact: str
    email: str
    position: str
    factors: tuple[int, int, int, int, int, int, int]  # three of impact, four of exposure, each 1 to 5
    stage: Stage = "prospective"
    due_in: int = 21  # days from today; negative is overdue
    systems: Systems = Systems("the MES", "the LIMS", "the CDS", "the QMS", "the ERP", "the historian", "SOP")
    audit: str = ""  # the sponsor's own audit that raised evidence to E4
    gaps: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # question -> value, comment
    verdicts: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # question -> outcome, remark


SUPPLIERS = (
    Told(
        "Kirnau Sterile Manufacturing GmbH", "Sterile fill-finish of vials and prefilled syringes; lyophilisation",
        (("Kirnau", "Germany", "Vial filling, lyophilisation"), ("Wels", "Austria", "Syringe filling, inspection")),
        "Dr. Annika Vogel", "a.vogel@kirnau-sterile.example", "Head of Quality Assurance",
        (5, 4, 4, 3, 3, 2, 2), "closed", 14,
        Systems("Kestrel MES 7.4", "Alder LIMS 8.2", "Peakline CDS 4.1", "Quillbox QMS", "Ostler ERP", "Tidemark 6",
                "KS-SOP"),
        "Seen at our audit of 10 to 12 March 2026, report AUD-2026-07.",
        {
            "P11-15": ("not_applicable", "Risk assessment KS-RA-112: balances and printers are wired to the MES one "
                       "to one; no other device can feed a GMP record."),
            "P11-24": ("partial", "PLC code of freeze dryer FD-02 is kept by the vendor. It moves to our repository "
                       "by 31 January 2027 (CC-26-0418)."),
        },
        {"P11-24": ("accepted", "The date of CC-26-0418 is noted for the next assessment.")},
    ),
    Told(
        "Pradnya Synthesis Private Limited", "Drug substance: chemical synthesis, micronisation, stability testing",
        (("Hyderabad Unit 2", "India", "Final steps, micronisation, QC"), ("Visakhapatnam", "India", "Intermediates")),
        "Raghav Menon", "raghav.menon@pradnya-synthesis.example", "General Manager, Quality",
        (4, 4, 4, 3, 4, 3, 4), "closed", 10,
        Systems("Batchline eBR 3.2", "Banyan LIMS 5.6", "Peakline CDS 4.0", "TrackWell QMS",
                "Ostler ERP", "DCS historian H-100", "PSQ"),
        "Seen at our audit of 2 to 5 June 2026, report AUD-2026-15.",
        {
            "P11-07": ("partial", "Restore of LIMS and eBR is tested yearly. The PCs of the older chromatography "
                       "system have an image backup that was never restored."),
            "P11-10": ("partial", "Named accounts in LIMS, eBR and Peakline. In block C two gas chromatographs with "
                       "ChromaDesk 2.3 are used under one Windows login, 'lab'. Replacement: CC/2026/118."),
            "P11-13": ("partial", "IT administers all servers. On the two ChromaDesk 2.3 computers the laboratory "
                       "supervisor still has administrator rights."),
            "P11-16": ("planned", "The audit trail of ChromaDesk 2.3 is not licensed. Injections are entered by hand "
                       "in logbook LB-C-07. Both computers move to Peakline by 30 April 2027."),
            "P11-18": ("partial", "Protected in LIMS, eBR and Peakline. On the ChromaDesk 2.3 computers the user can "
                       "set the Windows clock."),
            "P11-19": ("no", "Analysts' results are reviewed on paper. A procedure for reading audit trails is being "
                       "drafted (PSQ-061)."),
            "P11-30": ("partial", "Printouts from ChromaDesk 2.3 carry the run number, but the run can be reprocessed "
                       "after the printout was signed."),
        },
        {
            "P11-10": ("accepted", "Partly in place, as declared. We saw the login 'lab' in use in block C."),
            "P11-11": ("gap", "The account of an analyst who left in May 2026 was still active in Banyan LIMS at our "
                       "audit. The review export attached here does not list it."),
            "P11-16": ("gap", "No audit trail on two release-testing systems. Results for our product must move to "
                       "Peakline CDS until the replacement is qualified."),
            "P11-19": ("gap", "No review of audit trails before results are reported. Send PSQ-061 when it is "
                       "effective, with the first completed reviews."),
        },
    ),
    Told(
        "Harbour Vale Packaging Ltd", "Secondary packaging, labelling and serialisation; artwork",
        (("Hull", "United Kingdom", "Packaging lines 1 to 6, artwork studio"),),
        "Catherine Osei", "c.osei@harbourvale.example", "Quality Director",
        (3, 3, 3, 4, 3, 2, 2), "in_review", 7,
        Systems("LineView MES 2.9", "ArtBoard 5", "Sentry serialisation L4", "Quillbox QMS", "Ostler ERP",
                "LineView reports", "HV-QP"),
        "",
        {
            "P11-10": ("partial", "Serialisation and MES use named accounts. Checkweigher CW-4 has one operator login; "
                       "the operator is named in the line log."),
            "P11-S2": ("no", "Line reports are signed in LineView; nothing is printed for signature."),
        },
        {
            "P11-07": ("question_back", "The report covers the server. Was the serialisation database restored too, "
                       "with its event history?"),
        },
    ),
    Told(
        "Lagan Analytical Laboratories Ltd", "Release and stability testing; method validation; microbiology",
        (("Lisburn", "United Kingdom", "Chemistry, stability"), ("Dundalk", "Ireland", "Microbiology")),
        "Fionnuala Keane", "f.keane@lagan-analytical.example", "Head of Quality and Compliance",
        (4, 5, 3, 3, 3, 2, 2), "submitted", 5,
        Systems("Foliant notebook 3", "Alder LIMS 8.3", "Peakline CDS 4.1", "Quillbox QMS", "Ostler ERP",
                "Climate monitoring EM-5", "LAL"),
        "",
        {
            "P11-14": ("not_applicable", "We make no product. The order of testing steps is enforced by LIMS "
                       "worksheets, described under P11-12."),
            "P11-30": ("partial", "FTIR spectra are printed and signed. Locking of the file after signing is part of "
                       "the upgrade in CC-2026-077."),
        },
    ),
    Told(
        "Nordfrakt Kyltransport AB", "Temperature-controlled storage and distribution, 2-8 °C and -20 °C",
        (("Landskrona", "Sweden", "Cold store, dispatch"), ("Køge", "Denmark", "Cross-dock")),
        "Mattias Ek", "mattias.ek@nordfrakt-kyl.example", "Responsible Person, GDP",
        (3, 2, 3, 2, 2, 2, 1), "answering", 9,
        Systems("FrostTrack WMS", "CalibraLog 4", "LoggerHub 2", "Quillbox QMS", "Ostler ERP", "LoggerHub archive",
                "NK"),
        gaps={"P11-S2": ("no", "Delivery notes are paper; no electronic record is signed by hand.")},
    ),
    Told(
        "Laboratoires Valcombe SAS", "Oral solids: granulation, compression, film coating, blistering",
        (("Valcombe-sur-Isle", "France", "All operations"),),
        "Hélène Marchetti", "h.marchetti@valcombe.example", "Responsable Assurance Qualité",
        (4, 3, 3, 3, 3, 3, 2), "answering", -6,
        Systems("Kestrel MES 6.9", "Alder LIMS 7.8", "Peakline CDS 3.8", "TrackWell QMS", "Ostler ERP", "Tidemark 5",
                "LV-PO"),
        gaps={
            "P11-03": ("partial", "Operating system patches on line PCs are applied by the group's IT centre outside "
                       "change control. Corrected from January 2027."),
        },
    ),
    Told(
        "Castell Biologics S.L.", "Biologics drug substance: cell culture to 2,000 L, purification, bulk fill",
        (("Manresa", "Spain", "Cell banks, upstream, downstream"),),
        "Núria Ferrer i Soler", "nuria.ferrer@castell-bio.example", "Director of Quality",
        (5, 5, 5, 4, 5, 3, 2), "sent", 24,
    ),
    Told(
        "Meridian Loop Devices, Inc.", "Autoinjector assembly and functional testing; combination products",
        (("Fort Collins", "United States", "Development, testing"), ("Heredia", "Costa Rica", "Assembly")),
        "Dana Whitlock", "dana.whitlock@meridianloop.example", "Director, Quality and Regulatory",
        (5, 3, 4, 3, 3, 3, 3), "sent", -11,
    ),
    Told(
        "Quarry Street Clinical Supplies B.V.", "Clinical supplies: blinding, labelling, kit assembly, depot network",
        (("Leiden", "Netherlands", "Labelling, kits, depot"),),
        "Sanne de Wit", "s.dewit@quarrystreet.example", "QA Manager",
        (4, 3, 2, 3, 2, 4, 1),
    ),
    Told(
        "Alderbench Informatics Ltd.", "Hosted LIMS and stability data service for our own and contract laboratories",
        (("Halifax", "Canada", "Hosting, support"),),
        "Owen Tremblay", "owen.tremblay@alderbench.example", "Director of Compliance",
        (3, 5, 3, 5, 4, 4, 2),
    ),
    Told(
        "Jinhe Peptide Technology Co., Ltd.", "Peptide drug substance: solid-phase synthesis, purification",
        (("Wuxi", "China", "Synthesis"), ("Nantong", "China", "Purification, lyophilisation")),
        "Lin Xiaowen", "lin.xiaowen@jinhe-peptide.example", "Deputy Quality Director",
        (4, 4, 5, 3, 3, 4, 3),
    ),
    Told(
        "Sakuragi Aseptic K.K.", "Sterile fill-finish for Japan; visual inspection",
        (("Toyama", "Japan", "Filling line A2, inspection"),),
        "Keiko Hayama", "k.hayama@sakuragi-aseptic.example", "Quality Assurance Manager",
        (5, 4, 3, 2, 3, 1, 1),
    ),
    Told(
        "Cedar Fork Softgels LLC", "Softgel capsules: gel mass, encapsulation, drying, printing",
        (("Greensboro", "United States", "All operations"),),
        "Tyrell Washington", "t.washington@cedarfork.example", "Quality Manager",
        (3, 3, 2, 2, 2, 2, 2),
    ),
    Told(
        "Porto Branco Embalagens Ltda.", "Cartons, leaflets and labels; artwork files",
        (("Joinville", "Brazil", "Printing, die cutting"),),
        "Camila Prates", "camila.prates@portobranco.example", "Coordenadora da Qualidade",
        (2, 2, 2, 2, 2, 1, 2),
    ),
)  # fmt: skip

# What is not named here is answered with yes.
SCOPING = {"P11-S3": "no", "P11-S4": "no", "P11-S5": "no", "P11-S6": "no"}

COMMENTS = {
    "P11-S1": "{mes}, {lims}, {qms}: user ID and password at each signing.",
    "P11-S2": "FTIR and particle counter only; both are on the list of hybrid records, {sop}-031.",
    "P11-S6": "Records go to sponsors through our portal over TLS; every account is approved by QA.",
    "P11-S7": "{qms} is rented as a service; its data are kept in the EU. All other systems run on site.",
    "P11-01": "Inventory {sop}-030-F1, 64 systems, owner: IT Quality. Last yearly review in February 2026.",
    "P11-02": "{mes}, {lims} and {cds} were validated under {sop}-040; reports with trace matrices can be shown.",
    "P11-03": "Change control in {qms} under {sop}-022, infrastructure included. Periodic review every two years.",
    "P11-04": "Vendor of {qms} audited in 2025; each release is tested by us in a sandbox before go-live.",
    "P11-05": "Export of batch and sample set with audit trail is part of the yearly drill, {sop}-058.",
    "P11-06": "Folders and tables are closed to users; USB ports are blocked by policy on every instrument PC.",
    "P11-07": "Quarterly restore test, alternating between {mes}, {lims} and {cds}. Last one in September 2026.",
    "P11-08": "{sop}-009 names who demonstrates each system. Mock inspection in October 2026 without findings.",
    "P11-10": "Named accounts only; 11 service accounts with reasons in {sop}-033-F2. Screens lock after 10 minutes.",
    "P11-11": "Requests and leavers run through {qms}; all accounts are reviewed every six months.",
    "P11-12": "Role matrix {sop}-034-F1, tested with refused actions in the qualification of {mes} and {lims}.",
    "P11-13": "Administration by IT, which has no part in testing or release. The admin log is read monthly by QA.",
    "P11-14": "{mes} opens a step only after the one before; exceptions need a supervisor and a reason.",
    "P11-15": "Balances and scanners are registered in {mes}; an overdue calibration blocks the device.",
    "P11-16": "On in all 64 systems of the inventory; the status is column K of {sop}-030-F1.",
    "P11-17": "Old value, new value, person, time and reason are shown in {mes}, {lims} and {cds}.",
    "P11-18": "Nobody can switch it off but two IT administrators, and that is an entry itself. Clock by NTP.",
    "P11-19": "{sop}-061: trail of {cds} with each sample set, of {mes} by exception before release.",
    "P11-20": "Role training before access, with a test for {mes} and {lims}. IT and automation staff included.",
    "P11-21": "Policy {sop}-035, signed by 412 people including agency staff.",
    "P11-22": "Each system has a document set with owner in {qms}; {historian} was added in 2025.",
    "P11-25": "Printed name comes from the directory and stays after a person has left.",
    "P11-26": "Date, time and zone (UTC offset) are printed with each signature.",
    "P11-27": "Performed, checked, reviewed, approved, released; the list is fixed in configuration.",
    "P11-29": "A signed version is locked; a change makes a new version that must be signed again.",
    "P11-31": "Signing accounts are never used again. Quarterly comparison with the staff list of {erp}.",
    "P11-32": "Passport or identity card is checked by HR at hiring; for agency staff by the agency and QA.",
    "P11-33": "Letter to FDA of 4 September 2018 covers all our sites; first electronic signature in January 2019.",
    "P11-34": "Signed original and courier receipt are in the quality file, {sop}-035-A1.",
    "P11-36": "User ID and password in every signing window of {mes}, {lims}, {cds} and {qms}.",
    "P11-38": "Session ends after 10 minutes idle or at a change of station; tested in the qualification of {mes}.",
    "P11-40": "A reset gives a one-time password by a second channel; the log is read monthly by QA.",
    "P11-42": "The directory refuses a known ID; leavers are disabled, never deleted.",
    "P11-45": "Lock after five tries; the alert goes to the security desk, and to QA for GMP systems.",
}

EVIDENCE = {
    "P11-01": ("system-inventory-2026.csv", """\
id,system,use,owner,records,signature,validated,audit trail,last review
SYS-001,{mes},batch execution,Production IT,batch records,electronic,2024-06-18,on,2026-02-12
SYS-004,{lims},testing and release,QC,results and certificates,electronic,2023-11-02,on,2026-02-12
SYS-005,{cds},chromatography,QC,raw data and methods,electronic,2024-01-29,on,2026-02-13
SYS-011,{qms},deviations and changes,QA,quality records,electronic,2022-09-05,on,2026-02-13
SYS-019,{historian},process data,Automation,trends and alarms,none,2025-03-21,on,2026-02-16
"""),
    "P11-02": ("validation-summary.txt", """\
VALIDATION SUMMARY REPORT (extract)
System:        {lims}
Plan / report: VP-2023-014 / VSR-2023-014, approved by QA on 2023-11-02
Requirements:  214, all traced; 61 rated high and tested with error cases
Deviations:    7 raised, 7 closed before go-live
Test 5.12:     stored result altered in the database -> record flagged as invalid, alarm raised. PASSED
"""),
    "P11-06": ("delete-attempt-test.txt", """\
TEST RECORD TR-06-03, {cds}, workstation WS-07, 2026-08-19
Step 1  Signed in as analyst; opened the data folder in the file browser. Expected: refused. Result: refused.
Step 2  Tried to delete record 2026-0819-A in the application. Expected: refused. Result: refused.
Step 3  Looked for both attempts in the system log. Result: both listed with user, time and station.
Tested by: L. Brandt   Checked by: M. Osman
"""),
    "P11-07": ("restore-test-2026-Q3.csv", """\
date,system,backup of,restored to,records compared,differences,audit trail complete,result
2026-09-08,{lims},2026-09-07,TEST-02,18240,0,yes,passed
2026-09-15,{cds},2026-09-14,TEST-03,9612,0,yes,passed
2026-09-22,Workstation WS-02,2026-09-21,TEST-05,311,0,yes,passed
"""),
    "P11-10": ("user-list-instrument-pc.csv", """\
account,printed name,type,role,enabled,last sign-in
lbrandt,Lena Brandt,named,analyst,yes,2026-10-29
mosman,Malik Osman,named,reviewer,yes,2026-10-30
itadm-02,IT Operations,named administrator,administrator,yes,2026-10-06
svc-backup,none,service (nobody works under it),backup,yes,2026-10-31
jweiss,Jonas Weiss,named,analyst,no (left 2026-06-30),2026-06-26
"""),
    "P11-11": ("access-review-2026-H1.csv", """\
system,account,printed name,role,still needed,decided by,decided on
{lims},lbrandt,Lena Brandt,analyst,yes,Head of QC,2026-07-06
{lims},jweiss,Jonas Weiss,analyst,no: left 2026-06-30,Head of QC,2026-07-06
{mes},tkoch,Tarek Koch,operator,yes,Production Manager,2026-07-07
{mes},vendor-ks,Vendor support,support,no: closed,IT Quality,2026-07-07
"""),
    "P11-12": ("role-matrix.csv", """\
action,operator,analyst,reviewer,QA release,administrator
enter result,no,yes,no,no,no
change integration,no,with reason,no,no,no
approve result,no,no,yes,no,no
release batch,no,no,no,yes,no
change method,no,no,with change control,no,no
change user rights,no,no,no,no,yes
"""),
    "P11-19": ("audit-trail-review-2026-Q3.csv", """\
review,system,record,period,events read,found,action,reviewer,date
ATR-26-118,{cds},sample set 26-0711,2026-07-11,164,none,none,M. Osman,2026-07-13
ATR-26-131,{cds},sample set 26-0802,2026-08-02,201,1 reintegration without reason,DEV-26-0390,M. Osman,2026-08-04
ATR-26-140,{mes},batch 26K014,2026-08-20 to 22,87,none,none,QA batch review,2026-08-26
ATR-26-163,{lims},specification changes,2026-Q3,12,none,none,IT Quality,2026-10-05
"""),
}  # fmt: skip

# What the reviewer notes where a level rests on something else than an attached file.
SEEN = {
    "E2": "Shown on screen and explained in the review meeting.",
    "E3": "Report of an independent auditor read; it covers this system and site.",
    "E4": "{audit}",
}
# What we saw ourselves is E4, what an independent body certified is E3; the rest rests on the supplier's word.
LEVELS = {
    **dict.fromkeys(("P11-13", "P11-16", "P11-18", "P11-29", "P11-31", "P11-36", "P11-17", "P11-25", "P11-26"), "E4"),
    **dict.fromkeys(("P11-27", "P11-14", "P11-32", "P11-37", "P11-20"), "E4"),
    **dict.fromkeys(("P11-04", "P11-08"), "E3"),
    **dict.fromkeys(("P11-03", "P11-21", "P11-33", "P11-34", "P11-40", "P11-42", "P11-45"), "E2"),
}
