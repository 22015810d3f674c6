# Carries out a plan (JSON) inside Redmine, dated as the plan says; writes what became of it beside the plan.
# Arguments: the plan, the file for the result, the file for the users' keys.
require "json"

plan_file, result_file, keys_file = ARGV
plan = JSON.parse(File.read(plan_file))
ActiveRecord::Migration.verbose = false
ActiveRecord::Base.connection.migration_context.migrate
ActiveRecord::Base.descendants.each(&:reset_column_information)

ActiveRecord::Base.connection.execute("PRAGMA synchronous = OFF")
ActiveRecord::Base.logger = nil
IssueStatus.class_eval { def self.closed?(number) = (@closed ||= where(is_closed: true).ids).include?(number) }

Redmine::DefaultData::Loader.load("en")
{ "rest_api_enabled" => "1", "parent_issue_dates" => "independent", "parent_issue_done_ratio" => "independent",
  "parent_issue_priority" => "independent", "notified_events" => [], "default_language" => "en",
  "cross_project_issue_relations" => "1" }.each { |k, v| Setting[k] = v }

plan["statuses"].each { |name, closed| IssueStatus.create!(name: name, is_closed: closed) unless IssueStatus.find_by(name: name) }
status = IssueStatus.all.index_by(&:name)
plan["trackers"].each do |name|
  Tracker.create!(name: name, default_status: status["New"]).copy_workflow_rules(Tracker.find_by(name: "Bug"))
end
tracker = Tracker.all.index_by(&:name)
field = plan["fields"].to_h do |about|
  made = IssueCustomField.new(name: about["name"], field_format: about["format"], is_for_all: true, visible: true,
                              multiple: about["multiple"] || false)
  made.trackers = about["trackers"].map { |name| tracker[name] }
  made.possible_values = about["choices"] if about["format"] == "list"
  made.save!
  if about["format"] == "enumeration"
    about["choices"].each_with_index { |word, n| made.enumerations.create!(name: word, position: n + 1, active: true) }
  end
  [about["name"], made]
end
value = lambda do |name, given|
  next given unless field[name].field_format == "enumeration"
  field[name].enumerations.find_by(name: given)&.id.to_s
end

role = Role.create!(name: "Reading", permissions: %i[view_issues view_members])
worker = Role.find_by(name: "Developer")
project = {}
plan["projects"].each do |about|
  made = Project.new(name: about["name"], identifier: about["identifier"], is_public: about["public"])
  made.trackers = Tracker.all
  made.enabled_module_names = %w[issue_tracking]
  made.save!
  made.set_parent!(project[about["parent"]]) if about["parent"]
  project[about["name"]] = made
end
category = plan["categories"].to_h { |p, name| [name, IssueCategory.create!(project: project[p], name: name)] }

keys = { "admin" => User.find_by(login: "admin").api_key }
user = plan["users"].to_h do |about|
  made = User.new(firstname: about["login"].capitalize, lastname: "Example", mail: "#{about["login"]}@desk.example",
                  language: "en")
  made.login = about["login"]
  made.password = made.password_confirmation = SecureRandom.hex(12)
  made.save!
  made.pref.update!(time_zone: about["zone"]) if about["zone"]
  about["projects"].each { |p| Member.create!(principal: made, project: project[p], roles: [role]) }
  keys[about["login"]] = made.api_key
  [about["login"], made]
end
group = plan["groups"].to_h do |name|
  made = Group.create!(lastname: name)
  project.each_value { |p| Member.create!(principal: made, project: p, roles: [worker]) }
  [name, made]
end
Setting["issue_group_assignment"] = "1"

version = plan["versions"].map do |about|
  Version.create!(project: project[about["project"]], name: about["name"], due_date: about["due"], sharing: "system")
end
priority = IssuePriority.all.index_by(&:name)
# Hundreds of saves through the models take minutes; what they would write is written at once instead.
rows = Hash.new { |made, table| made[table] = [] }
number = 0
issues = { "changes" => [], "tasks" => [], "tickets" => [] }
issues.each do |kind, made|
  plan[kind].each do |record|
    number += 1
    made << number
    at = Time.iso8601(record["created"])
    parent = record["parent"] && issues["changes"][record["parent"]]
    issue = { id: number, project_id: project[record["project"]].id, author_id: user[record["author"]].id,
              subject: record["subject"], start_date: record["start"], due_date: record["due"],
              estimated_hours: record["hours"], tracker_id: tracker[record["tracker"]].id, status_id: status["New"].id,
              priority_id: priority[record["priority"] || "Normal"].id, category_id: category[record["category"]]&.id,
              fixed_version_id: record["version"] && version[record["version"]].id, created_on: at, updated_on: at,
              closed_on: nil, is_private: false, lock_version: 0, parent_id: parent, root_id: parent || number,
              assigned_to_id: group[record["set"]["group"]]&.id, done_ratio: record["set"]["done_ratio"] || 0,
              lft: 1, rgt: 2 }
    if parent
      above = rows[Issue][parent - 1]
      issue[:lft], issue[:rgt] = above[:rgt], above[:rgt] + 1
      above[:rgt] += 2
    end
    fields = record["set"]["fields"] || {}
    tracker[record["tracker"]].custom_fields.each { |f| fields[f.name] ||= "" }
    record["steps"].each do |when_it_was, login, given|
      at = Time.iso8601(when_it_was)
      rows[Journal] << { id: rows[Journal].size + 1, journalized_type: "Issue", journalized_id: number, created_on: at,
                         user_id: user[login].id, notes: given["note"].to_s, private_notes: given["private"] || false }
      noted = lambda do |property, name, old, new|
        rows[JournalDetail] << { journal_id: rows[Journal].size, property: property, prop_key: name,
                                 old_value: old&.to_s, value: new&.to_s }
      end
      issue[:updated_on] = at
      changed = { status_id: status[given["status"]]&.id, done_ratio: given["done_ratio"],
                  assigned_to_id: (group[given["group"]] || user[given["assignee"]])&.id }.compact
      changed.each do |name, new|
        next if issue[name] == new
        noted.call("attr", name, issue[name], new)
        closing = name == :status_id && [issue[name], new].map { |s| IssueStatus.closed?(s) } == [false, true]
        issue[:closed_on] = at if closing
        issue[name] = new
      end
      (given["fields"] || {}).each do |name, new|
        noted.call("cf", field[name].id, fields[name].presence, new)
        fields[name] = new
      end
    end
    fields.each do |name, given|
      Array(given).each do |one|
        rows[CustomValue] << { customized_type: "Issue", customized_id: number, custom_field_id: field[name].id,
                               value: value.call(name, one).to_s }
      end
    end
    (record["relations"] || []).each do |kind_of, place, begins|
      ends = [number, issues["changes"][place]]
      ends.reverse! if begins == "change"
      rows[IssueRelation] << { issue_from_id: ends[0], issue_to_id: ends[1], relation_type: kind_of }
    end
    rows[Issue] << issue
  end
end
rows.each { |table, all| all.each_slice(200) { |some| table.insert_all!(some) } }
plan["versions"].each_with_index { |about, n| version[n].update!(status: about["status"]) }
result = issues.dup
result["versions"] = version.map { |v| { "id" => v.id, "percent" => Version.find(v.id).completed_percent } }
result["fields"] = field.transform_values(&:id)
result["groups"] = group.transform_values(&:id)
result["projects"] = project.transform_values(&:id)
File.write(keys_file, JSON.dump(keys))
File.write(result_file, JSON.dump(result))
