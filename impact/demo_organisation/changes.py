"""The 40 changes of the demo organisation, newest first, each with the effect it truly has. Data, no code.

Rollouts are spread so that most services see one change at a time: only then can a before/after comparison be
answered. A few are set up so that an honest comparison must refuse. The effects are never served.
"""

from __future__ import annotations

from impact.demo_organisation.story import NEVER, QUIET_SERVICES, Business, ChangePlan, Effect

CHANGES: tuple[ChangePlan, ...] = (
    ChangePlan(
        title="One sign-on for suppliers", team="Identity", services=("Supplier accounts",), ago=-96, truth="untold",
        requirement="Suppliers want one account for orders, invoices and deliveries.",
        outcome="A supplier signs in once and needs no help to do so.",
        state="planned", steps="full", sponsor="Head of purchasing", slips={"design": 4},
        business=Business(planned=140, actual=38, hours=160, money=6),
    ),
    ChangePlan(
        title="Headsets in place of desk phones", team="Collaboration", services=("Phones", "Headsets"), ago=-52,
        truth="untold", requirement="Customer care wants to answer calls from any desk, and from home.",
        outcome="Calls work wherever the laptop is.", state="planned", steps="full", risk="low",
        sponsor="Head of customer care", slips={"design": -3, "build": 2},
        business=Business(planned=85, actual=41, hours=90, money=5),
    ),
    ChangePlan(
        title="Printing follow-me", team="Workplace", services=("Printing",), ago=-17, truth="untold",
        requirement="Colleagues want their pages at whichever printer they stand at, and nobody else to see them.",
        outcome="Fewer lost prints and fewer calls about the wrong printer.", state="planned", steps="full",
        sponsor="Head of workplace", slips={"build": 9, "test": 6, "approval": -1, "communication": -5},
        business=Business(planned=120, actual=97, hours=210, money=7),
    ),
    ChangePlan(
        title="Shift planning app for stores", team="People systems", services=("Shift planning",), ago=-5,
        truth="untold", requirement="Store colleagues want to see and swap their shifts on the phone.",
        outcome="Shifts are swapped without a call to the store manager.", state="planned", steps="full", risk="high",
        sponsor="Director of stores",
        slips={
            "build": 16, "test": 14, "approval": 9,
            "communication": NEVER, "training": NEVER, "support_ready": NEVER,
        },
        business=Business(planned=230, actual=251, hours=480, money=14),
    ),
    ChangePlan(
        title="Expense claims by photo", team="Finance systems", services=("Expense claims",), ago=2, truth="better",
        requirement="Travellers want to claim expenses with a photo, not with a form.",
        outcome="Claims are paid in days, with fewer questions.", effect=Effect(tickets=-0.3, satisfaction=0.4),
        steps="full", sponsor="Head of finance", slips={"test": 5},
        business=Business(planned=95, actual=92, hours=320, money=9),
    ),
    ChangePlan(
        title="Payroll query chat assistant", team="People systems", services=("Payroll queries",), ago=6,
        truth="worse", requirement="Colleagues want an answer about their pay at once, also in the evening.",
        outcome="Most questions about pay are answered without a ticket.",
        effect=Effect(tickets=1.7, satisfaction=-0.5), steps="full", sponsor="Head of human resources",
        slips={"build": 8, "training": 3}, business=Business(planned=110, actual=104, hours=400, money=12),
    ),
    ChangePlan(
        title="VPN without a token", team="Network", services=("VPN",), ago=27, truth="transient",
        requirement="Colleagues at home want to connect without typing a code.",
        outcome="Connecting takes one click.", effect=Effect(tickets=1.4, satisfaction=-0.8, days=5),
        state="rolled_back", steps="full", risk="high", sponsor="Head of infrastructure", slips={"test": 18},
        business=Business(planned=60, actual=74, hours=150, money=4),
    ),
    ChangePlan(
        title="Single sign-on for field staff", team="Field service", services=("Field sign-on",), ago=36,
        truth="worse", requirement="Field staff want one sign-in for tablet, orders and spare parts.",
        outcome="No second password in the field.", effect=Effect(reopened=0.16), steps="full",
        sponsor="Head of field service",
        slips={"design": -5}, business=Business(planned=80, actual=77, hours=130, money=4),
    ),
    ChangePlan(
        title="Laptop refresh wave 2", team="Workplace", services=("Laptops",), ago=41, truth="worse",
        requirement="Colleagues want laptops that start quickly and last through a day of meetings.",
        outcome="Fewer calls about slow laptops.",
        effect=Effect(tickets=0.55, hours=0.45, satisfaction=-0.5, reopened=0.08),
        steps="full", risk="medium", sponsor="Head of workplace",
        slips={"build": 12, "test": 17, "approval": 8, "training": 60, "support_ready": NEVER, "review": 35},
        business=Business(planned=640, actual=702, hours=520, money=18),
    ),
    ChangePlan(
        title="Card payment gateway switch", team="Payments", services=("Card payments",), ago=48, truth="worse",
        requirement="Shop customers want card payments that never fail at the till.",
        outcome="Fewer declined payments and a shorter queue.",
        effect=Effect(tickets=0.5, hours=0.6, satisfaction=-0.7, reopened=0.11), steps="full", risk="high",
        sponsor="Director of stores", slips={"design": 6, "build": 15, "test": 20, "approval": 9, "review": NEVER},
        business=Business(planned=410, actual=455, hours=300, money=22),
    ),
    ChangePlan(
        title="New password reset", team="Identity", services=("Passwords and sign-in",), ago=55, truth="better",
        requirement="Colleagues want to reset a password at any hour without calling.",
        outcome="Hardly anybody calls about a password.",
        effect=Effect(tickets=-0.42, hours=-0.35, satisfaction=0.35, self_service=0.22), steps="full", risk="low",
        sponsor="Head of infrastructure", slips={"build": -4},
        business=Business(planned=70, actual=66, hours=600, money=15),
    ),
    ChangePlan(
        title="Contactless limit raised", team="Payments", services=("Store tills", "Payment terminals"),
        ago=59, truth="none",
        requirement="Shop customers want to pay a weekly shop without a PIN.", outcome="Shorter queues.",
        kind="standard", risk="low", sponsor="Director of stores",
    ),
    ChangePlan(
        title="Wi-Fi upgrade in branches", team="Network", services=("Wi-Fi",), ago=62, truth="better",
        requirement="Branch colleagues want Wi-Fi that holds in the stock room.",
        outcome="No more dropped scanners.", effect=Effect(tickets=-0.55, satisfaction=0.4, reopened=-0.04),
        rollout_days=10, steps="full", sponsor="Director of stores", slips={"build": 5},
        business=Business(planned=380, actual=371, hours=450, money=13),
    ),
    ChangePlan(
        title="Store counter printers replaced", team="Workplace", services=("Printing",), ago=69, truth="mixed",
        requirement="Store colleagues want receipts that do not jam.", outcome="Fewer jams.",
        effect=Effect(tickets=-0.3), sponsor="Director of stores",
    ),
    ChangePlan(
        title="Print server moved", team="Workplace", services=("Printing",), ago=69, truth="mixed",
        requirement="Printing must not stop when one server does.", outcome="Nobody notices.",
        effect=Effect(tickets=0.4), kind="standard", sponsor="Head of infrastructure",
    ),
    ChangePlan(
        title="Till screens with larger type", team="Retail systems", services=("Store tills",), ago=70, truth="none",
        requirement="Cashiers want to read the screen without glasses.", outcome="Fewer mistyped amounts.",
        kind="standard", risk="low", sponsor="Director of stores",
    ),
    ChangePlan(
        title="Self-service portal redesign", team="Identity", services=("Access requests",), ago=76, truth="better",
        requirement="Colleagues want to find the right form at the first try.",
        outcome="More requests through the portal, fewer by phone and mail.",
        effect=Effect(hours=-0.3, satisfaction=0.3, self_service=0.24), steps="full", risk="low",
        sponsor="Head of service desk", business=Business(planned=150, actual=139, hours=380, money=11),
    ),
    ChangePlan(
        title="Till software 8", team="Retail systems", services=("Store tills",), ago=80, truth="worse",
        requirement="Cashiers want fewer taps for a return.", outcome="A return takes half a minute.",
        effect=Effect(tickets=0.6, hours=0.3, satisfaction=-0.4), steps="full", risk="high",
        sponsor="Director of stores", slips={"test": 22, "training": 9},
        business=Business(planned=290, actual=340, hours=350, money=16),
    ),
    ChangePlan(
        title="Archive search replaced", team="Data and reporting", services=("Archive search",), ago=86,
        truth="untold", requirement="Auditors want to find a document in seconds.",
        outcome="A search takes seconds, not minutes.", effect=Effect(tickets=-0.2), sponsor="Head of finance",
    ),
    ChangePlan(
        title="Approvals from the phone", team="Workplace", services=("Software requests",), ago=101, truth="better",
        requirement="Managers want to approve on the way, colleagues do not want to wait for them.",
        outcome="Software arrives the same day.", effect=Effect(hours=-0.45, satisfaction=0.3), steps="full",
        sponsor="Head of workplace", business=Business(planned=45, actual=48, hours=240, money=6),
    ),
    ChangePlan(
        title="Larger mailboxes", team="Collaboration", services=("Mail and calendar",), ago=131, truth="none",
        requirement="Colleagues do not want to tidy their mail every month.", outcome="No more full mailboxes.",
        kind="standard", risk="low", sponsor="Head of infrastructure",
    ),
    ChangePlan(
        title="Web shop certificate renewed at night", team="Retail systems", services=("Web shop",), ago=139,
        truth="none", requirement="Shop customers must not see a warning.", outcome="Nobody notices.",
        kind="emergency", risk="high", steps="none", sponsor="Head of online shop",
    ),
    ChangePlan(
        title="Meeting rooms with one button", team="Collaboration", services=("Video meetings", "Meeting rooms"),
        ago=152, truth="better", requirement="Colleagues want a meeting to start when it starts.",
        outcome="No calls at nine o'clock about the screen.", effect=Effect(tickets=-0.45, satisfaction=0.3),
        staged=14, steps="full", sponsor="Head of workplace", slips={"build": 11},
        business=Business(planned=175, actual=188, hours=260, money=8),
    ),
    ChangePlan(
        title="Cooling of the data centre replaced", team="Site technology", services=(), ago=161, truth="untold",
        requirement="Services must stay up on hot days.", outcome="Nobody notices.", risk="low",
        sponsor="Head of infrastructure",
    ),
    ChangePlan(
        title="New printer drivers", team="Workplace", services=("Printing",), ago=173, truth="worse",
        requirement="Colleagues want to print from every application.", outcome="Printing works after every update.",
        effect=Effect(tickets=0.65, hours=0.3, reopened=0.07), kind="standard", risk="low",
        sponsor="Head of workplace", slips={"test": 6},
    ),
    ChangePlan(
        title="Parcel status by message", team="Retail systems", services=("Order tracking",), ago=188, truth="better",
        requirement="Shop customers want to know where their parcel is without asking.",
        outcome="Fewer questions about parcels.", effect=Effect(tickets=-0.45, self_service=0.15), steps="full",
        sponsor="Head of online shop", business=Business(planned=65, actual=61, hours=310, money=9),
    ),
    ChangePlan(
        title="Expense rules made simpler", team="Finance systems", services=("Expense claims",), ago=202,
        truth="better", requirement="Travellers want rules that fit on one page.", outcome="Fewer rejected claims.",
        effect=Effect(tickets=-0.4, hours=-0.3, satisfaction=0.4), risk="low", sponsor="Head of finance",
    ),
    ChangePlan(
        title="Network core replaced", team="Network", services=QUIET_SERVICES[:16], ago=216, truth="none",
        requirement="Services must be reachable around the clock.", outcome="A shorter night window, nothing else.",
        steps="full", risk="high", sponsor="Head of infrastructure", slips={"approval": 7},
        business=Business(planned=520, actual=534),
    ),
    ChangePlan(
        title="Laptop refresh wave 1", team="Workplace", services=("Laptops",), ago=231, truth="transient",
        requirement="Colleagues want laptops that start quickly.", outcome="Fewer calls about slow laptops.",
        effect=Effect(tickets=0.8, hours=0.2, days=14), steps="full", sponsor="Head of workplace",
        slips={"training": 8}, business=Business(planned=590, actual=603, hours=480, money=17),
    ),
    ChangePlan(
        title="Longer passwords, changed less often", team="Identity", services=("Passwords and sign-in",), ago=251,
        truth="better", requirement="Colleagues do not want to change a password every month.",
        outcome="Fewer locked accounts.", effect=Effect(tickets=-0.33), risk="low", sponsor="Head of infrastructure",
    ),
    ChangePlan(
        title="Payslips on the phone", team="People systems", services=("Payroll queries",), ago=271, truth="better",
        requirement="Store colleagues have no desk and want their payslip on the phone.",
        outcome="Fewer questions on pay day.", effect=Effect(tickets=-0.38, self_service=0.16), steps="full",
        sponsor="Head of human resources", business=Business(planned=75, actual=70, hours=220, money=6),
    ),
    ChangePlan(
        title="Offline maps for field staff", team="Field service", services=("Field tablets",), ago=291,
        truth="better", requirement="Field staff want maps where there is no signal.",
        outcome="No more calls from the roadside.", effect=Effect(tickets=-0.35, satisfaction=0.6), steps="full",
        sponsor="Head of field service", business=Business(planned=55, actual=58, hours=190, money=5),
    ),
    ChangePlan(
        title="Always-on VPN", team="Network", services=("VPN",), ago=333, truth="transient",
        requirement="Colleagues want to be connected from the first minute.", outcome="No manual connecting.",
        effect=Effect(tickets=1.1, days=3), state="failed", risk="high", sponsor="Head of infrastructure",
        slips={"test": 10},
    ),
    ChangePlan(
        title="Guest Wi-Fi without vouchers", team="Network", services=("Wi-Fi",), ago=341, truth="better",
        requirement="Visitors want to be online without asking at the desk.", outcome="No voucher desk.",
        effect=Effect(tickets=-0.35), risk="low", sponsor="Head of infrastructure",
    ),
    ChangePlan(
        title="Mail moved to the cloud", team="Collaboration", services=("Mail and calendar",), ago=362,
        truth="worse", requirement="Colleagues want their mail on every device.", outcome="Mail works everywhere.",
        effect=Effect(tickets=0.5, hours=0.45, satisfaction=-0.6, reopened=0.08), steps="full", risk="high",
        sponsor="Head of infrastructure", slips={"test": 13, "training": 12},
        business=Business(planned=310, actual=362, hours=200, money=10),
    ),
    ChangePlan(
        title="Access by role for new starters", team="Identity", services=("Access requests",), ago=389,
        truth="better", requirement="New starters want to work on their first day.",
        outcome="Access is there before the colleague is.", effect=Effect(tickets=-0.25, hours=-0.4), steps="full",
        sponsor="Head of human resources", business=Business(planned=90, actual=94, hours=280, money=7),
    ),
    ChangePlan(
        title="Software shop", team="Workplace", services=("Software requests",), ago=428, truth="better",
        requirement="Colleagues want to choose software themselves.", outcome="Requests come through the shop.",
        effect=Effect(self_service=0.25, satisfaction=0.3), steps="full", sponsor="Head of workplace",
        business=Business(planned=130, actual=126, hours=250, money=8),
    ),
    ChangePlan(
        title="Quieter update nights", team="Workplace", services=("Laptops",), ago=476, truth="better",
        requirement="Colleagues do not want to wait for updates in the morning.",
        outcome="No restarts during the day.", effect=Effect(tickets=-0.35, satisfaction=0.3), kind="standard",
        risk="low", sponsor="Head of workplace",
    ),
    ChangePlan(
        title="Second factor for everyone", team="Identity", services=("Passwords and sign-in",), ago=585,
        truth="transient", requirement="Customers must be able to trust that nobody else signs in for them.",
        outcome="A second factor without a second call.", effect=Effect(tickets=0.9, satisfaction=-0.3, days=14),
        steps="full", risk="high", sponsor="Head of infrastructure", slips={"communication": 9},
        business=Business(planned=160, actual=171),
    ),
    ChangePlan(
        title="Desk booking by sensor", team="Workplace", services=("Desk booking",), ago=655, truth="untold",
        requirement="Colleagues want to see free desks.", outcome="No double bookings.", state="cancelled",
        steps="full", sponsor="Head of workplace", business=Business(planned=70, actual=12),
    ),
)  # fmt: skip
